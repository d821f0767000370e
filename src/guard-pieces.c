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
    char bytes[];
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

    while ((at = memmem(at, (gsize)(end - at), "\n\n", 2)) != NULL) {
        at += 2;
        const char *cut = find_barrier(at, end);
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

static Piece *piece_new(const char *bytes, gsize length)
{
    Piece *piece = g_malloc(sizeof *piece + length);
    piece->hash = hash_bytes(bytes, length);
    piece->length = (guint)length;
    memcpy(piece->bytes, bytes, length);
    return piece;
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
    union {
        Piece piece;
        char room[sizeof(Piece) + GUARD_PIECE_BYTES_MAX];
    } key;

    if (length > GUARD_PIECE_BYTES_MAX || g_hash_table_size(pieces->kept) == 0)
        return FALSE;
    key.piece.hash = hash_bytes(piece, length);
    key.piece.length = (guint)length;
    memcpy(key.piece.bytes, piece, length);
    return g_hash_table_contains(pieces->kept, &key);
}

void guard_pieces_add(GuardPieces *pieces, const char *piece, gsize length)
{
    guint hash = hash_bytes(piece, length), *once = &pieces->once[hash % ONCE];

    if (length > GUARD_PIECE_BYTES_MAX)
        return;
    if (*once != hash)
        *once = hash;
    else if (g_hash_table_size(pieces->kept) < GUARD_PIECES_MAX)
        g_hash_table_add(pieces->kept, piece_new(piece, length));
}

guint guard_pieces_count(const GuardPieces *pieces)
{
    return g_hash_table_size(pieces->kept);
}
