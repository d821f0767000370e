/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Checks a document against the RELAX NG grammar and says in plain words what
 * does not fit.  libxml2 decides whether a document is valid; what it says of a
 * misfit ("Extra element p in interleave") helps nobody, so the document is then
 * walked beside the grammar itself, element by element: the grammar stays the
 * only place that knows what may stand where.  What that walk can't name, such
 * as a wrong order, is told by libxml2's code and line. */
#include "template-parts.h"

#include "errors.h"

#include <gio/gio.h>
#include <libxml/relaxng.h>
#include <string.h>

#define SCHEMA_RESOURCE   "/org/certbund-milter/certbund-template.rng"
#define GRAMMAR_DEPTH_MAX 40 /* nested patterns and references; a loop would not end */

/* glib-compile-resources --c-name certbund makes it.  Called by name, because a
 * linker drops an archive member that registers itself but is never called. */
GResource *certbund_get_resource(void);

struct TemplateSchema {
    GBytes *bytes;
    xmlRelaxNG *grammar;
    xmlDoc *document;     /* the grammar as XML, for the walk */
    GHashTable *defines;  /* name -> xmlNode of <define> */
    GHashTable *elements; /* every element name there is, a set */
};

/* What one element of the grammar may hold. */
typedef struct {
    GPtrArray *elements;   /* of xmlNode, grammar's <element> */
    GPtrArray *attributes; /* of xmlNode, grammar's <attribute> */
    GPtrArray *required;   /* those of both that must be there */
    GPtrArray *repeatable;
    gboolean text;
} Content;

typedef struct {
    TemplateSchema *schema;
    const char *file;
    Faults *faults;
} Walk;

static gboolean is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && (name == NULL || !strcmp((char *)node->name, name));
}

static char *attribute(const xmlNode *node, const char *name)
{
    xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
    char *copy = g_strdup((char *)value);
    xmlFree(value);
    return copy;
}

/* The name that an <element> or <attribute> of the grammar stands for. */
static const char *grammar_name(const xmlNode *node)
{
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next)
        if (!strcmp((char *)a->name, "name") && a->children != NULL)
            return (const char *)a->children->content;
    return "";
}

static void clear_content(Content *content)
{
    g_ptr_array_unref(content->elements);
    g_ptr_array_unref(content->attributes);
    g_ptr_array_unref(content->required);
    g_ptr_array_unref(content->repeatable);
}

/* Collect what the children of a pattern allow, as far as the next elements. */
static void collect(TemplateSchema *schema, const xmlNode *pattern, gboolean required,
                    gboolean repeatable, guint depth, Content *content)
{
    g_assert(depth < GRAMMAR_DEPTH_MAX);
    for (xmlNode *n = pattern->children; n != NULL; n = n->next) {
        gboolean inner = required, again = repeatable;
        if (!is_element(n, NULL))
            continue;
        if (is_element(n, "element") || is_element(n, "attribute")) {
            g_ptr_array_add(is_element(n, "element") ? content->elements : content->attributes, n);
            if (required)
                g_ptr_array_add(content->required, n);
            if (repeatable)
                g_ptr_array_add(content->repeatable, n);
            continue;
        }
        if (is_element(n, "text") || is_element(n, "mixed"))
            content->text = TRUE;
        if (is_element(n, "optional") || is_element(n, "zeroOrMore") || is_element(n, "choice"))
            inner = FALSE;
        if (is_element(n, "oneOrMore") || is_element(n, "zeroOrMore"))
            again = TRUE;
        if (is_element(n, "ref")) {
            const xmlNode *define = g_hash_table_lookup(schema->defines, grammar_name(n));
            g_assert(define != NULL);
            collect(schema, define, inner, again, depth + 1, content);
        } else {
            collect(schema, n, inner, again, depth + 1, content);
        }
    }
}

static void content_of(TemplateSchema *schema, const xmlNode *pattern, Content *content_r)
{
    *content_r = (Content){ g_ptr_array_new(), g_ptr_array_new(), g_ptr_array_new(),
                            g_ptr_array_new(), FALSE };
    collect(schema, pattern, TRUE, FALSE, 0, content_r);
}

static const xmlNode *find_named(const GPtrArray *patterns, const char *name)
{
    for (guint i = 0; i < patterns->len; i++)
        if (!strcmp(grammar_name(patterns->pdata[i]), name))
            return patterns->pdata[i];
    return NULL;
}

/* Names of patterns, NULL-terminated; caller frees the array alone. */
static const char **names_of(const GPtrArray *patterns)
{
    const char **names = g_new0(const char *, patterns->len + 1);
    for (guint i = 0; i < patterns->len; i++)
        names[i] = grammar_name(patterns->pdata[i]);
    return names;
}

/* "<p>, <list> or <pre>" */
static char *alternatives(const char *const *names, const char *open, const char *close)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; names[i] != NULL; i++) {
        if (i > 0)
            g_string_append(text, names[i + 1] == NULL ? " or " : ", ");
        g_string_append_printf(text, "%s%s%s", open, names[i], close);
    }
    return g_string_free(text, FALSE);
}

static guint line_of(const xmlNode *node)
{
    return template_place(node);
}

/* The grammar's two types of numbers. */
static void check_number(Walk *walk, const xmlNode *node, const char *name, const char *value,
                         const xmlNode *data)
{
    g_autofree char *type = attribute(data, "type");
    guint max = g_strcmp0(type, "unsignedByte") == 0 ? G_MAXUINT8 : G_MAXUINT16;

    if (!g_ascii_string_to_unsigned(value, 10, 0, max, NULL, NULL))
        faults_add(walk->faults, walk->file, template_attribute_place(node, name),
                   "%s=\"%s\" in <%s>, expected a number from 0 to %u", name, value, node->name,
                   max);
}

static void check_value(Walk *walk, const xmlNode *node, const char *name, const char *value,
                        const xmlNode *pattern)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func((GDestroyNotify)xmlFree);
    const xmlNode *holder = pattern->children;
    while (holder != NULL && !is_element(holder, NULL))
        holder = holder->next;
    if (holder == NULL || is_element(holder, "text"))
        return;
    if (is_element(holder, "data")) {
        check_number(walk, node, name, value, holder);
        return;
    }
    for (const xmlNode *n = is_element(holder, "choice") ? holder->children : holder; n;
         n = n->next)
        if (is_element(n, "value"))
            g_ptr_array_add(values, xmlNodeGetContent(n));
    g_ptr_array_add(values, NULL);
    const char *const *allowed = (const char *const *)values->pdata;
    if (g_strv_contains(allowed, value))
        return;
    g_autofree char *expected = alternatives(allowed, "\"", "\"");
    g_autofree char *guess = template_guess(value, allowed, "\"", "\"");
    faults_add(walk->faults, walk->file, template_attribute_place(node, name),
               "%s=\"%s\" in <%s>%s%s expected %s", name, value, node->name, guess,
               *guess != '\0' ? "" : ",", expected);
}

/* ", did you mean X?", and X itself in *meant_r, or NULL: "lang" may be "xml:lang", too. */
static char *guess_attribute(const char *name, const char *const *names, const char **meant_r)
{
    *meant_r = faults_guess(name, names);
    for (guint i = 0; names[i] != NULL; i++) {
        const char *colon = strchr(names[i], ':');
        if (colon != NULL && strcmp(colon + 1, name) == 0)
            *meant_r = names[i];
    }
    return *meant_r != NULL ? g_strdup_printf(", did you mean %s?", *meant_r) : g_strdup("");
}

/* Returns the name that was meant, or NULL. */
static const char *report_attribute(Walk *walk, const xmlNode *node, const xmlAttr *a,
                                    const char *name, const Content *content)
{
    const char *meant;
    g_autofree const char **names = names_of(content->attributes);
    g_autofree char *guess = guess_attribute(name, names, &meant);
    g_autofree char *all = alternatives(names, "", "");
    faults_add(walk->faults, walk->file, template_place((const xmlNode *)a),
               "unknown attribute %s in <%s>%s; expected %s", name, node->name, guess,
               all[0] != '\0' ? all : "none");
    return meant;
}

/* That an attribute is missing, unless a typo of it was told of. */
static void check_required(Walk *walk, const xmlNode *node, const Content *content,
                           const GPtrArray *meant)
{
    for (guint i = 0; i < content->required->len; i++) {
        const xmlNode *pattern = content->required->pdata[i];
        const char *name = grammar_name(pattern);
        gboolean there =
            strcmp(name, "xml:lang")
                ? xmlHasNsProp(node, (const xmlChar *)name, NULL) != NULL
                : xmlHasNsProp(node, (const xmlChar *)"lang", XML_XML_NAMESPACE) != NULL;
        if (is_element(pattern, "attribute") && !there &&
            !g_ptr_array_find_with_equal_func((GPtrArray *)meant, name, g_str_equal, NULL))
            faults_add(walk->faults, walk->file, line_of(node),
                       "<%s> lacks its attribute %s=\"...\"", node->name, name);
    }
}

static void check_attributes(Walk *walk, const xmlNode *node, const Content *content)
{
    g_autoptr(GPtrArray) meant = g_ptr_array_new();
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        g_autofree char *name = a->ns != NULL && a->ns->prefix != NULL
                                    ? g_strdup_printf("%s:%s", a->ns->prefix, a->name)
                                    : g_strdup((char *)a->name);
        const xmlNode *pattern = find_named(content->attributes, name);
        if (pattern == NULL) {
            const char *other = report_attribute(walk, node, a, name, content);
            if (other != NULL)
                g_ptr_array_add(meant, (gpointer)other);
            continue;
        }
        xmlChar *value = xmlNodeListGetString(node->doc, a->children, 1);
        check_value(walk, node, name, value != NULL ? (char *)value : "", pattern);
        xmlFree(value);
    }
    check_required(walk, node, content, meant);
}

/* What is said of an element that must not be where it is. */
static char *describe_stranger(Walk *walk, const xmlNode *node, const char *const *here)
{
    const char *name = (const char *)node->name;
    const xmlNode *parent = node->parent->type == XML_ELEMENT_NODE ? node->parent : NULL;
    g_autofree char *place = parent != NULL ? g_strdup_printf("in <%s>", parent->name)
                                            : g_strdup("as the outermost one");
    if (node->ns != NULL)
        return g_strdup_printf("element <%s> of namespace \"%s\" %s", name, node->ns->href, place);
    if (g_hash_table_contains(walk->schema->elements, name))
        return g_strdup_printf("<%s> can't stand %s", name, place);
    g_autofree char *guess = template_guess(name, here, "<", ">");
    if (guess[0] == '\0') {
        g_autofree const char **all =
            (const char **)g_hash_table_get_keys_as_array(walk->schema->elements, NULL);
        g_free(guess);
        guess = template_guess(name, all, "<", ">");
    }
    return g_strdup_printf("unknown element <%s> %s%s", name, place, guess);
}

static void report_stranger(Walk *walk, const xmlNode *node, const Content *content)
{
    g_autofree const char **here = names_of(content->elements);
    g_autofree char *expected = alternatives(here, "<", ">");
    const char *instead = template_instead_of_html((const char *)node->name);
    if (instead != NULL && node->ns == NULL && node->parent->type == XML_ELEMENT_NODE &&
        !g_hash_table_contains(walk->schema->elements, node->name)) {
        faults_add(walk->faults, walk->file, line_of(node),
                   "<%s> of HTML in <%s>, which notices don't have; expected %s", node->name,
                   node->parent->name, instead);
        return;
    }
    g_autofree char *what = describe_stranger(walk, node, here);
    faults_add(walk->faults, walk->file, line_of(node), "%s%s expected %s", what,
               g_str_has_suffix(what, "?") ? "" : ",",
               expected[0] != '\0' ? expected : "text alone");
}

static void check_text(Walk *walk, const xmlNode *node, const xmlNode *parent,
                       const Content *content)
{
    if (content->text || xmlIsBlankNode(node))
        return;
    g_autofree const char **here = names_of(content->elements);
    g_autofree char *expected = alternatives(here, "<", ">");
    faults_add(walk->faults, walk->file, line_of(node), "text in <%s>, expected %s", parent->name,
               expected[0] != '\0' ? expected : "nothing");
}

static void walk_element(Walk *walk, const xmlNode *node, const xmlNode *pattern);

static void check_children(Walk *walk, const xmlNode *node, const Content *content)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    for (const xmlNode *n = node->children; n != NULL; n = n->next) {
        if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE)
            check_text(walk, n, node, content);
        if (!is_element(n, NULL))
            continue;
        const xmlNode *pattern =
            n->ns == NULL ? find_named(content->elements, (char *)n->name) : NULL;
        if (pattern == NULL) {
            report_stranger(walk, n, content);
            continue;
        }
        if (!g_hash_table_add(seen, (gpointer)pattern) &&
            !g_ptr_array_find(content->repeatable, pattern, NULL))
            faults_add(walk->faults, walk->file, line_of(n),
                       "<%s> stands twice in <%s>, expected one", n->name, node->name);
        walk_element(walk, n, pattern);
    }
    for (guint i = 0; i < content->required->len; i++) {
        const xmlNode *pattern = content->required->pdata[i];
        if (is_element(pattern, "element") && !g_hash_table_contains(seen, pattern))
            faults_add(walk->faults, walk->file, line_of(node), "<%s> lacks <%s>", node->name,
                       grammar_name(pattern));
    }
}

static void walk_element(Walk *walk, const xmlNode *node, const xmlNode *pattern)
{
    Content content;
    content_of(walk->schema, pattern, &content);
    check_attributes(walk, node, &content);
    check_children(walk, node, &content);
    clear_content(&content);
}

static void walk_document(Walk *walk, const xmlDoc *document)
{
    const xmlNode *root = xmlDocGetRootElement(document);
    const xmlNode *start = g_hash_table_lookup(walk->schema->defines, "");
    Content content;
    content_of(walk->schema, start, &content);
    const xmlNode *pattern =
        root->ns == NULL ? find_named(content.elements, (char *)root->name) : NULL;
    if (pattern == NULL)
        report_stranger(walk, root, &content);
    else
        walk_element(walk, root, pattern);
    clear_content(&content);
}

/* The first error libxml2 saw: where, and which element it was about. */
typedef struct {
    guint line;
    char *element, *message;
} Misfit;

static void keep_first(void *data, xmlError *error)
{
    Misfit *misfit = data;
    if (misfit->message != NULL)
        return;
    const xmlNode *node = error->node;
    misfit->message = g_strchomp(g_strdup(error->message != NULL ? error->message : ""));
    g_strdelimit(misfit->message, "\n\r", ' ');
    misfit->line = error->line > 0 ? (guint)error->line : 0;
    if (node != NULL && is_element(node, NULL)) {
        misfit->element = g_strdup((char *)node->name);
        misfit->line = line_of(node);
    }
}

static void report_misfit(const Misfit *misfit, const char *file, Faults *faults)
{
    if (misfit->element != NULL)
        faults_add(faults, file, misfit->line,
                   "<%s> is not as certbund-template(5) has it, or not at its place there "
                   "(%s)",
                   misfit->element, misfit->message);
    else
        faults_add(faults, file, misfit->line, "not as certbund-template(5) has it (%s)",
                   misfit->message != NULL ? misfit->message : "no reason given");
}

static void ignore(void *data G_GNUC_UNUSED, xmlError *error G_GNUC_UNUSED)
{
}

gboolean template_schema_check(TemplateSchema *schema, xmlDoc *document, const char *file,
                               Faults *faults)
{
    Misfit misfit = { 0 };
    Walk walk = { schema, file, faults };
    guint before = faults_errors(faults);
    xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema->grammar);
    if (context == NULL)
        g_error("out of memory");
    xmlRelaxNGSetValidStructuredErrors(context, keep_first, &misfit);
    int result = xmlRelaxNGValidateDoc(context, document);
    xmlRelaxNGFreeValidCtxt(context);
    if (result != 0) {
        walk_document(&walk, document);
        if (faults_errors(faults) == before)
            report_misfit(&misfit, file, faults);
    }
    g_free(misfit.element);
    g_free(misfit.message);
    return result == 0;
}

/* Note the names of all elements and the defines; the start pattern is "". */
static void index_grammar(TemplateSchema *schema, xmlNode *node)
{
    for (xmlNode *n = node->children; n != NULL; n = n->next) {
        if (!is_element(n, NULL))
            continue;
        if (is_element(n, "define") || is_element(n, "start"))
            g_hash_table_insert(schema->defines, attribute(n, "name") ?: g_strdup(""), n);
        if (is_element(n, "element"))
            g_hash_table_add(schema->elements, attribute(n, "name"));
        index_grammar(schema, n);
    }
}

TemplateSchema *template_schema_new(GError **error)
{
    g_autoptr(TemplateSchema) schema = g_new0(TemplateSchema, 1);
    gsize size;
    schema->defines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    schema->elements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    schema->bytes = g_resource_lookup_data(certbund_get_resource(), SCHEMA_RESOURCE, 0, error);
    if (schema->bytes == NULL)
        return NULL;
    const char *text = g_bytes_get_data(schema->bytes, &size);
    schema->document = xmlReadMemory(text, (int)size, "certbund-template.rng", NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewMemParserCtxt(text, (int)size);
    if (parser != NULL && schema->document != NULL) {
        xmlRelaxNGSetParserStructuredErrors(parser, ignore, NULL);
        schema->grammar = xmlRelaxNGParse(parser);
    }
    xmlRelaxNGFreeParserCtxt(parser);
    if (schema->grammar == NULL) {
        error_bug(error, "the compiled-in certbund-template.rng is no RELAX NG grammar");
        return NULL;
    }
    index_grammar(schema, xmlDocGetRootElement(schema->document));
    return g_steal_pointer(&schema);
}

void template_schema_free(TemplateSchema *schema)
{
    if (schema == NULL)
        return;
    xmlRelaxNGFree(schema->grammar);
    xmlFreeDoc(schema->document);
    g_clear_pointer(&schema->bytes, g_bytes_unref);
    g_hash_table_unref(schema->defines);
    g_hash_table_unref(schema->elements);
    g_free(schema);
}
