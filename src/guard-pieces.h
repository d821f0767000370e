/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* guard-pieces: a notice's text in pieces that can be searched for addresses one by one, and
 * the memory of those that name nobody: the notices of a report share nearly all of theirs.
 *
 * Law 2 is not weakened: each piece has been searched, or is byte by byte one that was. */
#ifndef CERTBUND_GUARD_PIECES_H
#define CERTBUND_GUARD_PIECES_H

#include <glib.h>

/* Above, a text's other pieces are searched each time.  A template in two languages has
 * about 30. */
#define GUARD_PIECES_MAX 1000
#define GUARD_PIECE_BYTES_MAX 4096 /* of one that is kept */

/* Bytes of the first piece of text[0..length), UTF-8; all of it at most.  Over its end goes
 * no spelling of an address that guard.h names; one of a mail account might. */
gsize guard_piece(const char *text, gsize length);

/* Pieces that name nobody.  For one thread. */
typedef struct GuardPieces GuardPieces;
GuardPieces *guard_pieces_new(void);
void guard_pieces_free(GuardPieces *pieces);

gboolean guard_pieces_have(const GuardPieces *pieces, const char *piece, gsize length);

/* A piece is kept when it is added for the second time: most that come once never come
 * again (references, addresses). */
void guard_pieces_add(GuardPieces *pieces, const char *piece, gsize length);

guint guard_pieces_count(const GuardPieces *pieces);

#endif
