/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "errors.h"

#include <stdarg.h>

/* As G_DEFINE_QUARK(), whose variable any thread may write while another reads it. */
GQuark certbund_error_quark(void)
{
    static gsize quark;

    if (g_once_init_enter(&quark))
        g_once_init_leave(&quark, g_quark_from_static_string("certbund-error-quark"));
    return (GQuark)quark;
}

G_GNUC_PRINTF(3, 0)
static void set(GError **error, CertbundError code, const char *format, va_list arguments)
{
    if (error == NULL)
        return;
    g_assert(*error == NULL);
    *error = g_error_new_valist(CERTBUND_ERROR, code, format, arguments);
}

#define DEFINE_SHORTHAND(name, code)                                                               \
    void name(GError **error, const char *format, ...)                                             \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, format);                                                               \
        set(error, code, format, arguments);                                                       \
        va_end(arguments);                                                                         \
    }

DEFINE_SHORTHAND(error_temporary, CERTBUND_ERROR_TEMPORARY)
DEFINE_SHORTHAND(error_input, CERTBUND_ERROR_INPUT)
DEFINE_SHORTHAND(error_bug, CERTBUND_ERROR_BUG)
