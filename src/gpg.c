/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Calls gpg(1) so that it can do nothing but what was asked for. */
#include "gpg.h"

#include "errors.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#ifndef GPG_PROGRAM
#define GPG_PROGRAM "/usr/bin/gpg"
#endif

static const char *program = GPG_PROGRAM;

/* In whatever language the machine is. */
static const char *const environment[] = { "LC_ALL=C", "PATH=/usr/bin:/bin", NULL };

/* --no-options also keeps gpg from making a home; trust models judge names, and ours is the
 * list of fingerprints.  A sender's word can't make it fetch or keep a key: not by a key
 * server, a web key directory, or a key block within the signature. */
static const char *const fixed[] = {
    "--no-options", "--batch", "--no-tty", "--disable-dirmngr",
    "--no-auto-key-retrieve", "--no-auto-key-import", "--no-auto-key-locate", "--trust-model",
    "always", "--no-auto-check-trustdb", "--no-random-seed-file", "--status-fd", "1",
    "--enable-special-filenames",
};

void gpg_use_program(const char *path)
{
    program = path != NULL ? path : GPG_PROGRAM;
}

static GPtrArray *arguments_for(const char *home, GpgAccess access, const char *const *words)
{
    GPtrArray *arguments = g_ptr_array_new();
    const char *const own[] = { program, "--homedir", home };

    for (guint i = 0; i < G_N_ELEMENTS(own); i++)
        g_ptr_array_add(arguments, (char *)(gsize)own[i]);
    for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(arguments, (char *)(gsize)fixed[i]);
    if (access != GPG_WRITE) /* a lock would be a file in the home */
        g_ptr_array_add(arguments, (char *)(gsize) "--lock-never");
    if (access != GPG_SIGN)
        g_ptr_array_add(arguments, (char *)(gsize) "--no-autostart");
    for (; *words != NULL; words++)
        g_ptr_array_add(arguments, (char *)(gsize)*words);
    g_ptr_array_add(arguments, NULL);
    return arguments;
}

gboolean gpg_run(const char *home, GpgAccess access, const char *const *words,
                 const ChildOrder *bytes, ChildResult *result_r, GError **error)
{
    g_autoptr(GPtrArray) arguments = arguments_for(home, access, words);
    ChildOrder order = *bytes;

    order.arguments = (const char *const *)arguments->pdata;
    order.environment = environment;
    order.output_max = GPG_OUTPUT_MAX;
    order.secs = GPG_SECS;
    order.turn_secs = GPG_TURN_SECS;
    if (!child_run(&order, result_r, error))
        return FALSE;
    if (result_r->late)
        error_temporary(error, "%s did not end within %d s", program, GPG_SECS);
    else if (result_r->status < 0)
        error_temporary(error, "%s was ended by a signal", program);
    else if (result_r->cut)
        error_input(error, "%s says more than %d bytes", program, GPG_OUTPUT_MAX);
    else
        return TRUE;
    return FALSE;
}

GpgKeyring gpg_keyring(const char *home, GError **error)
{
    static const char *const names[] = { "pubring.kbx", "pubring.gpg" }; /* as gpg takes them */

    if (access(home, R_OK | X_OK) != 0) {
        if (errno != ENOENT) {
            error_temporary(error, "gnupg-home=%s: %s", home, g_strerror(errno));
            return GPG_UNREADABLE;
        }
        error_input(error, "gnupg-home=%s: %s; certbundctl key import makes it", home,
                    g_strerror(errno));
        return GPG_NO_KEYRING;
    }
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(home, names[i], NULL);
        if (access(path, R_OK) == 0)
            return GPG_KEYRING;
        if (errno != ENOENT) {
            error_temporary(error, "the keyring %s: %s", path, g_strerror(errno));
            return GPG_UNREADABLE;
        }
    }
    error_input(error, "gnupg-home=%s has no PGP key; expected certbundctl key import", home);
    return GPG_NO_KEYRING;
}

char *gpg_words(const ChildResult *result)
{
    const char *text = result->errors->str;

    if (g_str_has_prefix(text, "gpg: "))
        text += strlen("gpg: ");
    return g_strndup(text, strcspn(text, "\n"));
}
