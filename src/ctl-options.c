/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Options and words of the verbs over the ledger, and who calls. */
#include "ctl-ledger.h"
#include "log.h"

#include <stdarg.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define LOGIN_SIZE 257 /* a user's name and its NUL: LOGIN_NAME_MAX is 256 */

int ctl_misused(const CtlCall *call, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    ctl_complain("%s; expected certbundctl %s%s%s", reason, call->verb,
                 *call->usage != '\0' ? " " : "", call->usage);
    return EX_USAGE;
}

/* GOption wants a program's name in front, and takes out what it knows. */
static char **make_words(const CtlCall *call)
{
    guint n = g_strv_length(call->arguments);
    char **words = g_new0(char *, n + 2);

    words[0] = g_strdup(call->verb);
    for (guint i = 0; i < n; i++)
        words[i + 1] = g_strdup(call->arguments[i]);
    return words;
}

static void take_out(char **words, guint i)
{
    guint n = g_strv_length(words);

    g_free(words[i]);
    memmove(&words[i], &words[i + 1], (n - i) * sizeof *words);
}

char **ctl_parse(const CtlCall *call, const GOptionEntry *entries, guint least, guint most)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = make_words(call);

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse_strv(context, &words, &error)) {
        ctl_misused(call, "%s", error->message);
        return NULL;
    }
    take_out(words, 0);
    if (words[0] != NULL && strcmp(words[0], "--") == 0) /* GOption leaves it */
        take_out(words, 0);
    guint n = g_strv_length(words);
    if (n >= least && n <= most)
        return g_steal_pointer(&words);
    if (n < least)
        ctl_misused(call, "something is missing behind '%s'", call->verb);
    else
        ctl_misused(call, "'%s' is one word too many", words[most]);
    return NULL;
}

gboolean ctl_fit(const CtlCall *call, const char *option, const char *text)
{
    if (text == NULL)
        return TRUE;
    g_autofree char *clean = log_sanitize(text);
    if (*text == '\0')
        ctl_misused(call, "%s is empty", option);
    else if (strcmp(clean, text) != 0)
        ctl_misused(call, "%s has control characters or is no UTF-8", option);
    else if (strlen(text) > CTL_WORDS_MAX)
        ctl_misused(call, "%s has %zu bytes, at most %d are kept", option, strlen(text),
                    CTL_WORDS_MAX);
    else
        return TRUE;
    return FALSE;
}

char *ctl_person(const char *by)
{
    char login[LOGIN_SIZE];

    if (by != NULL)
        return g_strdup(by);
    if (getlogin_r(login, sizeof login) == 0 && *login != '\0')
        return g_strdup(login);
    const char *behind = getuid() == 0 ? g_getenv("SUDO_USER") : NULL; /* without a terminal */
    return g_strdup(behind != NULL && *behind != '\0' ? behind : g_get_user_name());
}
