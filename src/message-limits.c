/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What would a mail cost to parse?  GMime makes an object of some hundred bytes of
 * a boundary or a header field of three, so a hostile mail could take a hundred
 * times its size.  Counted are boundary lines (RFC 2046 section 5.1.1) and the
 * lines from there, from the top and below "message/..." to an empty line, with
 * what may be a parameter in them.  Where a boundary isn't written plainly, every
 * line that begins with "--" counts. */
#include "message-limits.h"

#include "errors.h"
#include "message.h"

#include <string.h>

/* What the lines of a mail may cost in objects; see message_within_limits(). */
typedef struct {
    GPtrArray *boundaries; /* as given so far */
    gboolean any;          /* one could not be read: every "--" line may be one */
    gboolean in_header, nested, digest;
    guint boundary_lines, header_lines, parameters;
    gsize field; /* bytes of the current one */
} Census;

/* word, in lower case, anywhere in the line, case ignored; what follows it, or NULL. */
static const char *find_word(const char *line, gsize length, const char *word)
{
    gsize n = strlen(word);
    for (gsize i = 0; i + n <= length; i++)
        if ((line[i] | 0x20) == *word && g_ascii_strncasecmp(line + i, word, n) == 0)
            return line + i + n;
    return NULL;
}

/* "boundary=..." of a Content-Type field; p..end is what follows the word. */
static void note_boundary(Census *census, const char *p, const char *end)
{
    gboolean quoted = p + 1 < end && p[0] == '=' && p[1] == '"';
    const char *start = p + (quoted ? 2 : 1), *stop = start;
    while (stop < end && (quoted ? *stop != '"' && *stop != '\\'
                                 : *stop > ' ' && *stop < 0x7f && strchr("\";(\\", *stop) == NULL))
        stop++;
    gboolean plain = p < end && *p == '=' && stop > start && stop < end && *stop != '\\'
                     && *stop != '(' && (quoted ? *stop == '"' : *stop != '"');
    if (!plain || census->boundaries->len >= MESSAGE_DEPTH_MAX)
        census->any = TRUE;
    else
        g_ptr_array_add(census->boundaries, g_strndup(start, (gsize)(stop - start)));
}

static gboolean is_boundary(const Census *census, const char *line, gsize length)
{
    if (length < 2 || line[0] != '-' || line[1] != '-')
        return FALSE;
    gboolean found = census->any;
    for (guint i = 0; i < census->boundaries->len && !found; i++) {
        const char *boundary = g_ptr_array_index(census->boundaries, i);
        gsize n = strlen(boundary);
        found = length >= n + 2 && memcmp(line + 2, boundary, n) == 0;
    }
    return found;
}

static void count_field(Census *census, const char *line, gsize length)
{
    gboolean folded = *line == ' ' || *line == '\t';
    census->field = (folded ? census->field : 0) + length;
    for (gsize i = 0; i < length; i++)
        census->parameters += line[i] == ';' || line[i] == ',';
}

static void count_line(Census *census, const char *line, gsize length)
{
    if (is_boundary(census, line, length)) {
        census->boundary_lines++;
        census->in_header = TRUE;
        census->nested = census->digest;
    } else if (census->in_header && (*line == '\n' || (length == 2 && line[0] == '\r'))) {
        census->in_header = census->nested;
        census->nested = FALSE;
    } else if (census->in_header) {
        census->header_lines++;
        count_field(census, line, length);
        const char *boundary = find_word(line, length, "boundary");
        if (boundary != NULL)
            note_boundary(census, boundary, line + length);
        census->nested = census->nested || find_word(line, length, "message/") != NULL;
        census->digest = census->digest || find_word(line, length, "/digest") != NULL;
    }
}

/* What the census says against the mail, or NULL; may be asked at any line. */
static const char *fault_of(const Census *census, guint *limit_r)
{
    const struct {
        gsize count;
        guint limit;
        const char *what;
    } bounds[] = {
        { census->boundary_lines, MESSAGE_BOUNDARY_LINES_MAX, "boundary lines" },
        { census->header_lines, MESSAGE_HEADER_LINES_MAX, "header lines" },
        { census->field, MESSAGE_FIELD_MAX, "bytes in a header field" },
        { census->parameters, MESSAGE_PARAMETERS_MAX, "parameters in header fields" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(bounds); i++)
        if (bounds[i].count > bounds[i].limit) {
            *limit_r = bounds[i].limit;
            return bounds[i].what;
        }
    return NULL;
}

gboolean message_within_limits(const char *data, gsize size, GError **error)
{
    Census census = { .boundaries = g_ptr_array_new_with_free_func(g_free), .in_header = TRUE };
    const char *end = data + size, *fault = NULL;
    guint limit = 0;
    for (const char *line = data, *next; line < end && fault == NULL; line = next) {
        const char *lf = memchr(line, '\n', (gsize)(end - line));
        next = lf == NULL ? end : lf + 1;
        if (!census.in_header && *line != '-')
            continue;
        count_line(&census, line, (gsize)(next - line));
        fault = fault_of(&census, &limit);
    }
    g_ptr_array_unref(census.boundaries);
    if (fault != NULL)
        error_input(error, "more than %u %s", limit, fault);
    return fault == NULL;
}
