/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* render-inline: running text with its fields, counts and addresses.  For the
 * files of the render stage alone. */
#ifndef CERTBUND_RENDER_INLINE_H
#define CERTBUND_RENDER_INLINE_H

#include "render.h"

/* What one notice needs again and again. */
typedef struct {
    const RenderInput *input;
    const History *history; /* never NULL */
    guint n_distinct;       /* addresses, or accounts where the report is about these */
    guint count;            /* what <count/>, <one> and <many> go by here */
    char *first;            /* the first of them */
    const char *language;   /* of the text being written */
    const char *subject;    /* the template's, within the layout's; or NULL */
    const LayoutText *frame;
} RenderValues;

void render_values_init(RenderValues *values, const RenderInput *input);
void render_values_clear(RenderValues *values);

/* Append what the field of this name, one of render_fields, stands for; zone: a time's, or
 * NULL. */
void render_field(const RenderValues *values, const char *name, GTimeZone *zone, GString *out);

/* Does the condition of a NODE_IF hold? */
gboolean render_holds(const RenderValues *values, const Node *node);

/* The languages (char *) for the labels of columns, NULL-terminated, and the labels that the
 * layout has for each, see columns_label(), or NULL if it has none; caller frees the arrays. */
const char **render_languages(const GPtrArray *languages);
GHashTable **render_labels(const Layout *layout, const GPtrArray *languages);

/* The first max different cells that a column has in the notice's rows, in their order, without
 * empty ones, ", " between; *more_r: how many others there are. */
void render_cells(const RenderValues *values, const char *column, guint max, GString *out,
                  guint *more_r);

/* The first max different addresses (accounts) likewise. */
void render_addresses(const RenderValues *values, guint max, GString *out);

/* The first max different networks likewise. */
void render_networks(const RenderValues *values, guint max, GString *out, guint *more_r);

/* What <attached> says in this language when the layout leaves it out; static. */
const char *render_attached(const char *language);

/* Append nodes, or one of them, as text: every <br/> is LF, blanks stay as they come. */
void render_node(const RenderValues *values, const Node *node, GString *out);
void render_inline(const RenderValues *values, const GPtrArray *nodes, GString *out);

/* The paragraph that these nodes give, wrapped, if it was put and is the same for every
 * notice with one or many (count above one); "" when nothing is left of it.  memory may be
 * NULL, then there is none.  What varies is never kept. */
gboolean render_memory_get(RenderMemory *memory, const GPtrArray *nodes, guint count,
                           const char **text_r);
void render_memory_put(RenderMemory *memory, const GPtrArray *nodes, guint count,
                       const char *text);

/* Which of CERT-Bund's words stand in the notice already. */
typedef struct {
    gboolean de, en;
} RenderQuoted;

/* CERT-Bund's text in the values' language, else in the other; each once per notice, then
 * NULL.  Lines, without blanks at the end; g_strfreev(). */
char **render_take_quotation(const RenderValues *values, RenderQuoted *quoted);

/* Nodes as one line of at most max characters: blanks folded, what is cut ends
 * in an ellipsis.  Caller frees. */
char *render_line(const RenderValues *values, const GPtrArray *nodes, guint max);

#endif
