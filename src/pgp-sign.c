/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Signs by gpg(1) with a key of gnupg-home=.
 *
 * gpg has a secret key's work done by its agent, which it starts and which stays.  Nobody is
 * there to ask for a passphrase: the key has none, or the agent was told it. */
#include "sign.h"

#include "errors.h"
#include "gpg.h"

#include <string.h>

#define BEGIN "-----BEGIN PGP SIGNATURE-----"
#define END "-----END PGP SIGNATURE-----"

/* Of a listing with colons (doc/DETAILS of GnuPG): the fields that are looked at. */
enum { RECORD = 0, VALIDITY = 1, GRIP = 9, ABILITIES = 11, FIELDS_LEAST = 12 };

/* With CRLF, as a mail has it. */
static gboolean take_signature(const char *output, Signature *signature_r, GError **error)
{
    const char *begin = strstr(output, BEGIN);
    const char *end = begin != NULL ? strstr(begin, END) : NULL;

    if (end == NULL) {
        error_temporary(error, "gpg made no signature");
        return FALSE;
    }
    g_autofree char *armour = g_strndup(begin, (gsize)(end + strlen(END) - begin));
    g_auto(GStrv) lines = g_strsplit(armour, "\n", -1);
    g_autofree char *text = g_strjoinv("\r\n", lines);
    *signature_r = (Signature) { "application/pgp-signature", "pgp-sha256", "signature.asc", "7bit",
                                 g_strconcat(text, "\r\n", NULL) };
    return TRUE;
}

/* Status lines go where they are not among the signature. */
gboolean sign_with_pgp(const Config *config, GBytes *part, Signature *signature_r, GError **error)
{
    const char *key = config->sign_key;
    const char *const words[] = { "--status-fd", "2", "--pinentry-mode", "error", "--armor",
                                  "--digest-algo", "SHA256", "--local-user", key, "--detach-sign",
                                  NULL };
    const ChildOrder order = { .input = part };
    g_auto(ChildResult) result = { .output = NULL };

    if (gpg_keyring(config->gnupg_home, error) != GPG_KEYRING
        || !gpg_run(config->gnupg_home, GPG_SIGN, words, &order, &result, error))
        return FALSE;
    if (result.status != 0) {
        g_autoptr(GError) why = NULL;
        sign_check_pgp(config, &why);
        g_autofree char *said = gpg_words(&result);
        error_temporary(error, "gpg does not sign with %s: %s", key,
                        why != NULL ? why->message : said);
        return FALSE;
    }
    return take_signature(result.output->str, signature_r, error);
}

/* ---- without signing */

static gboolean has_secret(const char *home, const char *grip)
{
    g_autofree char *name = g_strconcat(grip, ".key", NULL);
    g_autofree char *path = g_build_filename(home, "private-keys-v1.d", name, NULL);
    return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

/* Why no key of this listing can sign; NULL: one can. */
static const char *what_lacks(const char *home, const char *listing)
{
    g_auto(GStrv) lines = g_strsplit(listing, "\n", -1);
    const char *why = "is not in gnupg-home=";
    gboolean fit = FALSE;

    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, ":", -1);
        guint n = g_strv_length(fields);
        if (n >= FIELDS_LEAST
            && (strcmp(fields[RECORD], "pub") == 0 || strcmp(fields[RECORD], "sub") == 0)) {
            fit = strchr(fields[ABILITIES], 's') != NULL;
            if (fit && strchr("eridn", *fields[VALIDITY]) != NULL && *fields[VALIDITY] != '\0') {
                why = *fields[VALIDITY] == 'e'   ? "has expired"
                    : *fields[VALIDITY] == 'r' ? "is revoked"
                                                 : "can't be used";
                fit = FALSE;
            } else if (!fit && strcmp(fields[RECORD], "pub") == 0)
                why = "is for no signatures";
        } else if (fit && n > GRIP && strcmp(fields[RECORD], "grp") == 0) {
            if (has_secret(home, fields[GRIP]))
                return NULL;
            why = "is there without its secret key";
        }
    }
    return why;
}

gboolean sign_check_pgp(const Config *config, GError **error)
{
    const char *key = config->sign_key;
    const char *const words[] = { "--with-colons", "--with-keygrip", "--list-keys", key, NULL };
    const ChildOrder nothing = { .input = NULL };
    g_auto(ChildResult) result = { .output = NULL };

    if (gpg_keyring(config->gnupg_home, error) != GPG_KEYRING
        || !gpg_run(config->gnupg_home, GPG_READ, words, &nothing, &result, error))
        return FALSE;
    const char *why = what_lacks(config->gnupg_home, result.output->str);
    if (why != NULL)
        error_input(error, "the key %s %s; expected one that can sign", key, why);
    return why == NULL;
}
