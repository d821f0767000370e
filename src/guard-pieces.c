/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A text is cut behind a word that no address can go over: ASCII letters between blanks or
 * line ends, of which the last is no hexadecimal digit, and which is none of the words that
 * stand for a sign.  An address in any spelling is made of hexadecimal digits, signs,
 * brackets, blanks and those words (guard-address.c); so what begins before such a word
 * ends before it.  Cuts are made once in a paragraph, near its beginning, so that what
 * varies in one paragraph moves no cut of another. */
#include "guard-pieces.h"

#include <string.h>

#define ONCE 4096 /* places for the hashes of pieces that came once */

typedef struct {
    guint hash;
    guint length;
    const char *bytes; /* of a kept one behind it, in the same allocation */
} Piece;

struct GuardPieces {
    GHashTable *kept;   /* set of Piece, owned */
    guint once[ONCE];   /* hash, at the place that it gives; 0 none */
};

/* ---- cutting */

static gboolean is_gap(char c)
{
    return c == ' ' || c == '\n';
}

/* Words that guard-text.c takes for a sign. */
static gboolean is_sign(const char *word, gsize length)
{
    static const char *const signs[] = { "at", "dot", "punkt" };

    for (gsize i = 0; i < G_N_ELEMENTS(signs); i++)
        if (strlen(signs[i]) == length && g_ascii_strncasecmp(word, signs[i], length) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_barrier(const char *word, gsize length)
{
    if (length == 0 || g_ascii_isxdigit(word[length - 1]) || is_sign(word, length))
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalpha(word[i]))
            return FALSE;
    return TRUE;
}

/* Behind the first barrier from `at` on, within this paragraph; NULL when it has none. */
static const char *find_barrier(const char *at, const char *end)
{
    while (at < end) {
        const char *word = at;
        while (at < end && !is_gap(*at))
            at++;
        if (at < end && is_barrier(word, (gsize)(at - word)))
            return at;
        if (end - at >= 2 && memcmp(at, "\n\n", 2) == 0)
            return NULL;
        at++;
    }
    return NULL;
}

gsize guard_piece(const char *text, gsize length)
{
    const char *at = text, *end = text + length;

    while ((at = memchr(at, '\n', (gsize)(end - at))) != NULL) {
        if (++at == end || *at != '\n')
            continue;
        const char *cut = find_barrier(++at, end);
        if (cut != NULL)
            return (gsize)(cut - text);
    }
    return length;
}

/* ---- remembering */

static guint hash_bytes(const char *bytes, gsize length)
{
    guint64 hash = length, word;
    gsize i = 0;

    for (; i + sizeof word <= length; i += sizeof word) {
        memcpy(&word, bytes + i, sizeof word);
        hash = (hash ^ word) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    for (; i < length; i++)
        hash = (hash ^ (guchar)bytes[i]) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    return (guint)(hash ^ hash >> 32);
}

static guint piece_hash(gconstpointer piece)
{
    return ((const Piece *)piece)->hash;
}

static gboolean piece_equal(gconstpointer a, gconstpointer b)
{
    const Piece *left = a, *right = b;
    return left->length == right->length
        && memcmp(left->bytes, right->bytes, left->length) == 0;
}

static Piece *piece_copy(const Piece *piece)
{
    Piece *copy = g_malloc(sizeof *copy + piece->length);
    *copy = *piece;
    copy->bytes = memcpy(copy + 1, piece->bytes, piece->length);
    return copy;
}

GuardPieces *guard_pieces_new(void)
{
    GuardPieces *pieces = g_new0(GuardPieces, 1);
    pieces->kept = g_hash_table_new_full(piece_hash, piece_equal, g_free, NULL);
    return pieces;
}

void guard_pieces_free(GuardPieces *pieces)
{
    if (pieces == NULL)
        return;
    g_hash_table_unref(pieces->kept);
    g_free(pieces);
}

gboolean guard_pieces_have(const GuardPieces *pieces, const char *piece, gsize length)
{
    if (length > GUARD_PIECE_BYTES_MAX || g_hash_table_size(pieces->kept) == 0)
        return FALSE;
    const Piece key = { hash_bytes(piece, length), (guint)length, piece };
    return g_hash_table_contains(pieces->kept, &key);
}

void guard_pieces_add(GuardPieces *pieces, const char *piece, gsize length)
{
    if (length > GUARD_PIECE_BYTES_MAX)
        return;
    const Piece key = { hash_bytes(piece, length), (guint)length, piece };
    guint *once = &pieces->once[key.hash % ONCE];
    if (*once != key.hash)
        *once = key.hash;
    else if (g_hash_table_size(pieces->kept) < GUARD_PIECES_MAX)
        g_hash_table_add(pieces->kept, piece_copy(&key));
}

guint guard_pieces_count(const GuardPieces *pieces)
{
    return g_hash_table_size(pieces->kept);
}
