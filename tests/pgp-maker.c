/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "pgp-maker.h"

#include "child.h"
#include "fixture.h"

#include <string.h>

#ifndef GPG_PROGRAM
#define GPG_PROGRAM "/usr/bin/gpg"
#endif

#define SECS 300 /* longer than any key takes */
#define OUTPUT_MAX (1024 * 1024)

static const char *const fixed[] = { "--quiet", "--batch", "--no-tty", "--no-options", "--yes",
                                     "--pinentry-mode", "loopback", "--passphrase", "" };

static gboolean run(char **arguments, GBytes *input, ChildResult *result_r)
{
    const ChildOrder order = { .arguments = (const char *const *)arguments, .input = input,
                               .output_max = OUTPUT_MAX, .secs = SECS };
    return child_run(&order, result_r, NULL) && result_r->status == 0;
}

static char **arguments_for(const PgpMaker *maker, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    GPtrArray *arguments = g_ptr_array_new();

    g_ptr_array_add(arguments, g_strdup(GPG_PROGRAM));
    g_ptr_array_add(arguments, g_strdup("--homedir"));
    g_ptr_array_add(arguments, g_strdup(maker->home));
    for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(arguments, g_strdup(fixed[i]));
    for (char **word = words; *word != NULL; word++)
        if (**word != '\0')
            g_ptr_array_add(arguments, g_strdup(*word));
    g_ptr_array_add(arguments, NULL);
    return (char **)g_ptr_array_free(arguments, FALSE);
}

GBytes *pgp_maker_run(const PgpMaker *maker, GBytes *input, const char *format, ...)
{
    va_list arguments;
    g_auto(ChildResult) result = { .output = NULL };

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_auto(GStrv) words = arguments_for(maker, text);
    if (!run(words, input, &result))
        g_error("gpg %s: %s", text, result.errors->str);
    return g_bytes_new(result.output->str, result.output->len);
}

PgpMaker *pgp_maker_new(void)
{
    g_autoptr(PgpMaker) maker = g_new0(PgpMaker, 1);
    g_auto(ChildResult) result = { .output = NULL };

    maker->home = fixture_directory();
    g_auto(GStrv) words = arguments_for(maker, "--quick-generate-key try@example.org ed25519");
    return run(words, NULL, &result) ? g_steal_pointer(&maker) : NULL;
}

void pgp_maker_free(PgpMaker *maker)
{
    if (maker == NULL)
        return;
    char *words[] = { (char *)"/usr/bin/gpgconf", (char *)"--homedir", maker->home,
                      (char *)"--kill", (char *)"all", NULL };
    g_auto(ChildResult) result = { .output = NULL };
    run(words, NULL, &result);
    fixture_remove(maker->home);
    g_free(maker);
}

/* The first fingerprint of what belongs to name, or the last: of its newest subkey. */
static char *fingerprint_of(const PgpMaker *maker, const char *name, gboolean last)
{
    g_autoptr(GBytes) listing = pgp_maker_run(maker, NULL, "--with-colons --list-keys %s", name);
    g_autofree char *text
        = g_strndup(g_bytes_get_data(listing, NULL), g_bytes_get_size(listing));
    const char *record = last ? g_strrstr(text, "\nfpr:") : strstr(text, "\nfpr:");

    g_assert_nonnull(record);
    g_auto(GStrv) fields = g_strsplit(record, ":", 11);
    return g_strdup(fields[9]);
}

char *pgp_maker_key(const PgpMaker *maker, const char *name, const char *algorithm,
                    const char *when, const char *expires)
{
    g_auto(GStrv) parts = g_strsplit(algorithm, "/", 2);
    g_autofree char *address = g_strconcat(name, "@example.org", NULL);
    g_autoptr(GBytes) said
        = pgp_maker_run(maker, NULL, "--faked-system-time %s! --quick-generate-key %s %s %s %s",
                        when, address, parts[0], parts[1], expires);
    return fingerprint_of(maker, address, FALSE);
}

char *pgp_maker_subkey(const PgpMaker *maker, const char *primary, const char *when,
                       const char *expires)
{
    g_autoptr(GBytes) said
        = pgp_maker_run(maker, NULL, "--faked-system-time %s! --quick-add-key %s ed25519 sign %s",
                        when, primary, expires);
    return fingerprint_of(maker, primary, TRUE);
}

void pgp_maker_revoke(const PgpMaker *maker, const char *fingerprint)
{
    g_autofree char *path
        = g_strdup_printf("%s/openpgp-revocs.d/%s.rev", maker->home, fingerprint);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    /* A colon keeps people from importing it by accident. */
    char *guard = strstr(text, ":-----BEGIN");
    g_assert_nonnull(guard);
    g_autoptr(GBytes) bytes = g_bytes_new(guard + 1, strlen(guard + 1));
    g_autoptr(GBytes) said = pgp_maker_run(maker, bytes, "--import");
}

void pgp_maker_revoke_subkey(const PgpMaker *maker, const char *primary)
{
    static const char commands[] = "key 1\nrevkey\ny\n0\n\ny\nsave\n";
    g_autoptr(GBytes) input = g_bytes_new_static(commands, strlen(commands));
    g_autoptr(GBytes) said
        = pgp_maker_run(maker, input, "--no-batch --command-fd 0 --edit-key %s", primary);
}
