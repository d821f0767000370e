/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A line begins with "[GNUPG:] " and a keyword; NEWSIG begins a signature.  What people may
 * have put into a key's name comes percent-escaped, so that it makes no lines. */
#include "pgp-status.h"

#include <string.h>

#define PREFIX "[GNUPG:] "
#define ERRSIG_NO_KEY "9" /* GPG_ERR_NO_PUBKEY */

/* Words of a VALIDSIG line by their place. */
enum { FINGERPRINT, DATE, CREATED, EXPIRES, SIG_VERSION, RESERVED, ALGORITHM, HASH, CLASS, PRIMARY };

typedef struct {
    PgpSignature signature;
    guint verdicts, valids; /* lines of each kind */
} Draft;

static gboolean is_hex(const char *word)
{
    return *word != '\0' && strspn(word, "0123456789ABCDEF") == strlen(word);
}

static gboolean take_fingerprint(const char *word, char *fingerprint_r)
{
    gboolean fine = is_hex(word) && (strlen(word) == 40 || strlen(word) == 64);
    g_strlcpy(fingerprint_r, fine ? word : "", PGP_FINGERPRINT_SIZE);
    return fine;
}

static gboolean take_number(const char *word, guint base, guint64 most, guint64 *number_r)
{
    return g_ascii_string_to_unsigned(word, base, 0, most, number_r, NULL);
}

static gboolean take_valid(char **words, PgpSignature *signature)
{
    guint n = g_strv_length(words);
    guint64 created, hash, class_;

    if (n <= CLASS || !take_fingerprint(words[FINGERPRINT], signature->fingerprint)
        || !take_fingerprint(n > PRIMARY ? words[PRIMARY] : words[FINGERPRINT], signature->primary)
        || !take_number(words[CREATED], 10, G_MAXUINT32, &created)
        || !take_number(words[HASH], 10, G_MAXUINT8, &hash)
        || !take_number(words[CLASS], 16, G_MAXUINT8, &class_))
        return FALSE;
    signature->created = (gint64)created;
    signature->hash = (guint)hash;
    signature->class_ = (guint)class_;
    return TRUE;
}

/* What stands for a verdict among the keywords; PGP_UNCLEAR: another line. */
static PgpVerdict verdict_of(const char *keyword)
{
    static const struct {
        const char *keyword;
        PgpVerdict verdict;
    } known[] = {
        { "GOODSIG", PGP_GOOD },          { "BADSIG", PGP_BAD },
        { "ERRSIG", PGP_NOT_CHECKED },    { "EXPSIG", PGP_EXPIRED },
        { "EXPKEYSIG", PGP_KEY_EXPIRED }, { "REVKEYSIG", PGP_KEY_REVOKED },
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i].keyword, keyword) == 0)
            return known[i].verdict;
    return PGP_UNCLEAR;
}

static void take_line(Draft *draft, char **words)
{
    PgpSignature *signature = &draft->signature;
    PgpVerdict verdict = verdict_of(words[0]);
    guint n = g_strv_length(words) - 1;

    if (strcmp(words[0], "VALIDSIG") == 0) {
        draft->valids++;
        if (!take_valid(words + 1, signature))
            draft->valids = G_MAXUINT16; /* none that we understand, nor will the next be */
    } else if (verdict != PGP_UNCLEAR) {
        draft->verdicts++;
        signature->verdict = verdict;
        g_strlcpy(signature->key, n > 0 && is_hex(words[1]) ? words[1] : "", sizeof signature->key);
        if (verdict == PGP_NOT_CHECKED && n > 5 && strcmp(words[6], ERRSIG_NO_KEY) == 0)
            signature->verdict = PGP_NO_KEY;
        if (verdict == PGP_NOT_CHECKED && n > 6 && is_hex(words[7]))
            g_strlcpy(signature->key, words[7], sizeof signature->key);
    }
}

static void finish(Draft *draft, GArray *signatures)
{
    PgpSignature *signature = &draft->signature;
    gboolean without = signature->verdict == PGP_BAD || signature->verdict == PGP_NO_KEY
        || signature->verdict == PGP_NOT_CHECKED;

    if (draft->verdicts != 1 || draft->valids != (without ? 0 : 1))
        signature->verdict = PGP_UNCLEAR;
    g_array_append_val(signatures, draft->signature);
}

GArray *pgp_status_read(const char *text)
{
    GArray *signatures = g_array_new(FALSE, TRUE, sizeof(PgpSignature));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    Draft draft = { .verdicts = 0 };
    gboolean any = FALSE;

    for (char **line = lines; *line != NULL; line++) {
        if (!g_str_has_prefix(*line, PREFIX))
            continue;
        g_auto(GStrv) words = g_strsplit(*line + strlen(PREFIX), " ", -1);
        if (words[0] == NULL)
            continue;
        if (strcmp(words[0], "NEWSIG") != 0) {
            take_line(&draft, words);
            continue;
        }
        if (any)
            finish(&draft, signatures);
        draft = (Draft) { .verdicts = 0 };
        any = TRUE;
    }
    if (any)
        finish(&draft, signatures);
    return signatures;
}
