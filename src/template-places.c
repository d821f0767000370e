/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Puts line and column of each element, attribute and text (template-scan.h) into the
 * document that libxml2 made of the same bytes.  Both were read in the same order; should
 * they ever disagree, the line that libxml2 knows is left and no wrong place told. */
#include "template-parts.h"

#include <string.h>

#define WHITE " \t\r\n" /* XML 1.0 section 2.3 */

typedef struct {
    const GArray *marks; /* of Mark */
    guint i;
} Cursor;

static const Mark *next(const Cursor *cursor)
{
    return cursor->i < cursor->marks->len ? &g_array_index(cursor->marks, Mark, cursor->i) : NULL;
}

/* The next mark's place if it is of this kind, else 0. */
static guint take(Cursor *cursor, MarkKind kind)
{
    const Mark *mark = next(cursor);
    if (mark == NULL || mark->kind != kind)
        return 0;
    cursor->i++;
    return mark->place;
}

static guint take_element(Cursor *cursor)
{
    while (next(cursor) != NULL && next(cursor)->kind != MARK_ELEMENT)
        cursor->i++;
    return take(cursor, MARK_ELEMENT);
}

static void place_nodes(xmlNode *node, Cursor *cursor)
{
    for (; node != NULL; node = node->next) {
        if (node->type == XML_TEXT_NODE)
            node->_private = GUINT_TO_POINTER(take(cursor, MARK_TEXT));
        if (node->type != XML_ELEMENT_NODE)
            continue;
        node->_private = GUINT_TO_POINTER(take_element(cursor));
        for (xmlAttr *a = node->properties; a != NULL; a = a->next)
            a->_private = GUINT_TO_POINTER(take(cursor, MARK_ATTRIBUTE));
        place_nodes(node->children, cursor);
    }
}

void template_place_nodes(xmlDoc *document, const GArray *marks)
{
    Cursor cursor = { marks, 0 };
    place_nodes(xmlDocGetRootElement(document), &cursor);
}

guint template_place(const xmlNode *node)
{
    if (node->_private != NULL)
        return GPOINTER_TO_UINT(node->_private);
    long line = xmlGetLineNo(node);
    return line > 0 ? (guint)line : 0;
}

guint template_attribute_place(const xmlNode *node, const char *name)
{
    const xmlAttr *a = strcmp(name, "xml:lang")
                           ? xmlHasNsProp(node, (const xmlChar *)name, NULL)
                           : xmlHasNsProp(node, (const xmlChar *)"lang", XML_XML_NAMESPACE);
    return a != NULL && a->_private != NULL ? GPOINTER_TO_UINT(a->_private) : template_place(node);
}

guint template_text_place(const xmlNode *node)
{
    const xmlNode *text = node->children;
    return text != NULL && text->type == XML_TEXT_NODE ? template_place(text)
                                                       : template_place(node);
}

GArray *template_word_places(const xmlNode *node)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(guint));
    guint start = node != NULL ? template_text_place(node) : 0, lines = 0, columns = 0;
    xmlChar *content = node != NULL ? xmlNodeGetContent(node) : NULL;
    const char *p = content != NULL ? (const char *)content : "";
    gboolean white = TRUE;

    for (p += strspn(p, WHITE); *p != '\0'; p = g_utf8_next_char(p)) {
        if (strchr(WHITE, *p) == NULL && white) {
            guint place = faults_place_add(start, lines, columns);
            g_array_append_val(places, place);
        }
        white = strchr(WHITE, *p) != NULL;
        lines += *p == '\n' ? 1 : 0;
        columns = *p == '\n' ? 0 : columns + 1;
    }
    xmlFree(content);
    return places;
}
