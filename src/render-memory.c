/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Paragraphs in which nothing varies but one or many, wrapped once for all notices.  A
 * paragraph is known by its nodes' place in memory, for templates never change. */
#include "render-inline.h"

struct RenderMemory {
    GHashTable *texts[2]; /* nodes -> char *, of one and of many; NULL: it varies */
};

RenderMemory *render_memory_new(void)
{
    RenderMemory *memory = g_new0(RenderMemory, 1);

    for (guint i = 0; i < G_N_ELEMENTS(memory->texts); i++)
        memory->texts[i] = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return memory;
}

void render_memory_free(RenderMemory *memory)
{
    if (memory == NULL)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(memory->texts); i++)
        g_hash_table_unref(memory->texts[i]);
    g_free(memory);
}

/* Is what they give the same for every count above one, and for every notice? */
static gboolean is_constant(const GPtrArray *nodes)
{
    for (guint i = 0; i < nodes->len; i++) {
        const Node *node = nodes->pdata[i];
        switch (node->kind) {
        case NODE_TEXT:
        case NODE_BREAK:
            break;
        case NODE_ONE:
        case NODE_MANY:
        case NODE_LINK:
            if (!is_constant(node->children))
                return FALSE;
            break;
        default:
            return FALSE;
        }
    }
    return TRUE;
}

gboolean render_memory_get(RenderMemory *memory, const GPtrArray *nodes, guint count,
                           const char **text_r)
{
    gpointer text;

    *text_r = NULL;
    if (memory == NULL)
        return FALSE;
    if (g_hash_table_lookup_extended(memory->texts[count > 1], nodes, NULL, &text)) {
        *text_r = text;
        return text != NULL;
    }
    if (!is_constant(nodes))
        g_hash_table_insert(memory->texts[count > 1], (gpointer)nodes, NULL);
    return FALSE;
}

void render_memory_put(RenderMemory *memory, const GPtrArray *nodes, guint count,
                       const char *text)
{
    if (memory != NULL && !g_hash_table_contains(memory->texts[count > 1], nodes))
        g_hash_table_insert(memory->texts[count > 1], (gpointer)nodes, g_strdup(text));
}
