/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* template-parts: what the files of the template stage share; nobody else
 * includes it.
 *
 * bytes without slips (template-scan.c) -> document with places (template-places.c) ->
 * valid document (template-schema.c) -> nodes (template-read.c) -> set without
 * contradictions (template-check.c). */
#ifndef CERTBUND_TEMPLATE_PARTS_H
#define CERTBUND_TEMPLATE_PARTS_H

#include "template-scan.h"
#include "template.h"

#include <libxml/tree.h>

/* One file is either a template or a layout. */
typedef struct {
    Template *template_;
    Layout *layout;
} TemplateFile;

/* Places of marks for the nodes of the document that was made of the same bytes; kept in
 * their _private. */
void template_place_nodes(xmlDoc *document, const GArray *marks);

/* What faults_add() takes for a line: of an element or text (of libxml2's line alone if
 * nothing is better known); of an attribute, if the element has it, else of the element
 * ("xml:lang" is one); of what stands first in the element; of each word of its text, in a
 * list (guint; empty without an element) as long as the words; g_array_unref(). */
guint template_place(const xmlNode *node);
guint template_attribute_place(const xmlNode *node, const char *name);
guint template_text_place(const xmlNode *node);
GArray *template_word_places(const xmlNode *node);

/* Without white space at its ends, each run of it within one blank; caller frees. */
char *template_content(const xmlNode *node);
/* The value of an attribute ("xml:lang" is one) likewise, or NULL. */
char *template_attribute(const xmlNode *node, const char *name);
/* The first child of this name, or NULL. */
const xmlNode *template_child(const xmlNode *parent, const char *name);
/* Of Node, for what stands in parent, or in its child; empty when there is none. */
GPtrArray *template_nodes(const xmlNode *parent);
GPtrArray *template_child_nodes(const xmlNode *parent, const char *name);

/* The compiled grammar.  One thread at a time may use it. */
typedef struct TemplateSchema TemplateSchema;

/* CERTBUND_ERROR_BUG when the compiled-in grammar can't be used. */
TemplateSchema *template_schema_new(GError **error);
void template_schema_free(TemplateSchema *schema);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TemplateSchema, template_schema_free)

/* FALSE when the document does not fit; every misfit is added to faults. */
gboolean template_schema_check(TemplateSchema *schema, xmlDoc *document, const char *file,
                               Faults *faults);

/* Read content[0..length) as one file named file.  FALSE when there was a fault. */
gboolean template_read(const char *file, const char *content, gsize length, TemplateSchema *schema,
                       TemplateFile *result_r, Faults *faults);
void template_free(Template *template_);
void layout_free(Layout *layout);

typedef void (*TemplateVisit)(const Node *node, gpointer data);

/* Every node, whatever it stands in, in the order of the file. */
void template_visit(const GPtrArray *nodes, TemplateVisit visit, gpointer data);

/* Where what is checked stands. */
typedef struct {
    const char *file;
    const char *language;
    Faults *faults;
} TemplateCheck;

/* What is wrong with nodes wherever they stand. */
void template_check_nodes(const GPtrArray *nodes, const TemplateCheck *place);

/* TRUE when nodes surely show something to a customer with one or many addresses. */
gboolean template_shows_text(const GPtrArray *nodes, gboolean many);

/* What one template or layout says wrong by itself. */
void template_check(const Template *template_, Faults *faults);
void layout_check(const Layout *layout, Faults *faults);

/* What only shows when they come together: titles claimed twice, blocks and
 * languages that a layout lacks.  Both are lists of the ones in effect. */
void template_check_set(const GPtrArray *templates, const GPtrArray *layouts, Faults *faults);

/* What shows beside the classes (classes.h): columns that no report of the template's has, and
 * a template that no report of a known class would ever get. */
void template_check_classes(const TemplateSet *set, const GPtrArray *templates, Faults *faults);

/* Warns of a column that no report is known to have: it may be new, or Shadowserver's. */
void template_check_column(const char *name, const char *file, guint line, Faults *faults);

/* ", did you mean X?" (with open and close around X) when one of the candidates
 * is a likely reading of word, else ""; caller frees. */
char *template_guess(const char *word, const char *const *candidates, const char *open,
                     const char *close);

/* What a template has instead of an element that people bring along from HTML, or NULL. */
const char *template_instead_of_html(const char *element);

#endif
