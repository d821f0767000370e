/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Checks what a grammar can't say: names that must exist elsewhere (fields,
 * blocks, languages), text that would vanish (an empty subject), header fields
 * that are not the layout's to set.  After this, rendering can't fail. */
#include "template-parts.h"

#include "mailbox.h"
#include "render.h"

#include <string.h>

#define ID_MAX          60 /* bytes; ids stand in file names, marks and logs */
#define LANGUAGE_MAX    8  /* RFC 5646 section 2.1: a primary subtag has at most 8 letters */
#define HEADER_NAME_MAX 60 /* bytes; leaves room for a value in a line of 78 */

typedef struct {
    const char *file;
    const char *language;
    Faults *faults;
} Place;

typedef void (*Visit)(const Node *node, const Place *place);

static void visit_nodes(const GPtrArray *nodes, const Place *place, Visit visit)
{
    for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
        const Node *node = nodes->pdata[i];
        visit(node, place);
        visit_nodes(node->children, place, visit);
    }
}

static gboolean is_id(const char *text)
{
    gsize length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length > 0 && text[length] == '\0' && length <= ID_MAX;
}

static void check_id(const char *id, const char *file, guint line, Faults *faults)
{
    if (!is_id(id))
        faults_add(faults, file, line, "id=\"%s\", expected 1 to %d of a-z, 0-9 and -", id, ID_MAX);
}

static void check_language(const char *language, const char *file, guint line, Faults *faults)
{
    gsize length = strspn(language, "abcdefghijklmnopqrstuvwxyz");
    if (length < 2 || length > LANGUAGE_MAX || language[length] != '\0')
        faults_add(faults, file, line, "xml:lang=\"%s\", expected a language such as de or en",
                   language);
}

static gboolean is_url(const char *href)
{
    static const char *const schemes[] = { "https://", "http://", "mailto:", NULL };
    if (strpbrk(href, " \t\r\n<>\"") != NULL)
        return FALSE;
    for (guint i = 0; schemes[i] != NULL; i++)
        if (g_str_has_prefix(href, schemes[i]) && href[strlen(schemes[i])] != '\0')
            return TRUE;
    return FALSE;
}

static void check_node(const Node *node, const Place *place)
{
    if (node->kind == NODE_FIELD && !g_strv_contains(render_fields, node->text)) {
        g_autofree char *guess = template_guess(node->text, render_fields, "\"", "\"");
        g_autofree char *all = g_strjoinv(", ", (char **)render_fields);
        faults_add(place->faults, place->file, node->line,
                   "unknown field \"%s\"%s; expected one of "
                   "%s",
                   node->text, guess, all);
    }
    if (node->kind == NODE_LINK && !is_url(node->text))
        faults_add(place->faults, place->file, node->line,
                   "href=\"%s\", expected https://, http:// "
                   "or mailto: and no blank",
                   node->text);
}

/* TRUE when nodes surely show something to a customer with one or many addresses. */
static gboolean shows_text(const GPtrArray *nodes, gboolean many)
{
    for (guint i = 0; i < nodes->len; i++) {
        const Node *node = nodes->pdata[i];
        if (node->kind == NODE_TEXT ? strspn(node->text, " ") < strlen(node->text)
            : node->kind == NODE_ONE || node->kind == NODE_MANY
                ? (node->kind == NODE_MANY) == many && shows_text(node->children, many)
                : node->kind != NODE_FIELD && node->kind != NODE_BREAK)
            return TRUE;
    }
    return FALSE;
}

static void check_columns(const Template *template_, Faults *faults)
{
    gboolean has_address = FALSE;
    for (guint i = 0; template_->columns[i] != NULL; i++) {
        has_address |= !g_ascii_strcasecmp(template_->columns[i], "ip");
        for (guint j = 0; j < i; j++)
            if (!g_ascii_strcasecmp(template_->columns[i], template_->columns[j]))
                faults_add(faults, template_->file,
                           g_array_index(template_->column_lines, guint, i),
                           "column \"%s\" is named twice, expected once", template_->columns[i]);
    }
    if (template_->columns_only && template_->columns[0] == NULL)
        faults_add(faults, template_->file, template_->columns_line,
                   "only=\"yes\" without a column, expected their names");
    else if (template_->columns_only && !has_address)
        faults_warn(faults, template_->file, template_->columns_line,
                    "column \"ip\" is left out: notices won't say which address was seen");
}

static void check_texts(const Template *template_, Faults *faults)
{
    const TemplateText *first = template_->texts->pdata[0];
    for (guint i = 0; i < template_->texts->len; i++) {
        const TemplateText *text = template_->texts->pdata[i];
        Place place = { template_->file, text->language, faults };
        check_language(text->language, template_->file, text->line, faults);
        if (template_text(template_, text->language) != text)
            faults_add(faults, template_->file, text->line,
                       "a second <notice xml:lang=\"%s\">, expected one per language",
                       text->language);
        if (text->group_by_address != first->group_by_address) {
            g_autofree char *where = faults_place_text(first->line);
            faults_add(faults, template_->file, text->line,
                       "group-by differs from that at %s, expected the same in all languages",
                       where);
        }
        for (guint many = 0; many < 2; many++)
            if (!shows_text(text->subject, many == 1)) {
                faults_add(faults, template_->file, text->line,
                           "the subject may be empty "
                           "(%s), expected text in it",
                           many ? "several addresses" : "one address");
                break;
            }
        visit_nodes(text->subject, &place, check_node);
        visit_nodes(text->blocks, &place, check_node);
    }
}

void template_check(const Template *template_, Faults *faults)
{
    check_id(template_->id, template_->file, template_->line, faults);
    if (template_->titles->len == 0 && !template_serves_any(template_->id))
        faults_add(faults, template_->file, template_->line,
                   "<template> lacks <match>, expected a <title> it is for (only \"report\" and "
                   "\"digest\" have none)");
    for (guint i = 0; i < template_->titles->len; i++)
        if (((char *)template_->titles->pdata[i])[0] == '\0')
            faults_add(faults, template_->file, g_array_index(template_->title_lines, guint, i),
                       "empty <title>, expected one of CERT-Bund's");
    check_columns(template_, faults);
    check_texts(template_, faults);
}

/* Fields that we or the MTAs on the way set, or that would change where the mail goes. */
static gboolean is_reserved(const char *name)
{
    static const char *const names[] = { "from",
                                         "sender",
                                         "reply-to",
                                         "to",
                                         "cc",
                                         "bcc",
                                         "subject",
                                         "date",
                                         "message-id",
                                         "in-reply-to",
                                         "references",
                                         "auto-submitted",
                                         "mime-version",
                                         "return-path",
                                         "received",
                                         "delivered-to",
                                         "dkim-signature",
                                         "authentication-results",
                                         "precedence",
                                         NULL };
    static const char *const prefixes[] = { "content-", "resent-", "arc-", "x-certbund-", NULL };
    g_autofree char *lower = g_ascii_strdown(name, -1);
    for (guint i = 0; prefixes[i] != NULL; i++)
        if (g_str_has_prefix(lower, prefixes[i]))
            return TRUE;
    return g_strv_contains(names, lower);
}

/* RFC 2045 section 5.1 token: stricter than RFC 5322 section 3.6.8, which no
 * field in use makes any use of. */
static gboolean is_token(const char *name)
{
    gsize length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "!#$%&'*+-.^_`{|}~");
    return length > 0 && name[length] == '\0' && length <= HEADER_NAME_MAX;
}

static void check_headers(const Layout *layout, Faults *faults)
{
    Place place = { layout->file, NULL, faults };
    for (guint i = 0; i < layout->headers->len; i++) {
        const TemplateHeader *header = layout->headers->pdata[i];
        if (!is_token(header->name))
            faults_add(faults, layout->file, header->line,
                       "header name \"%s\", expected at most %d "
                       "letters, digits and hyphens",
                       header->name, HEADER_NAME_MAX);
        else if (is_reserved(header->name))
            faults_add(faults, layout->file, header->line,
                       "header \"%s\" is not a layout's to set, "
                       "expected another one",
                       header->name);
        visit_nodes(header->value, &place, check_node);
    }
}

/* "Name <local@domain>" or the address alone. */
static void check_mailbox(const char *mailbox, const char *element, const char *file, guint line,
                          Faults *faults)
{
    if (mailbox == NULL)
        return;
    const char *open = strrchr(mailbox, '<');
    gsize length = strlen(mailbox);
    g_autofree char *address = g_strdup(mailbox);
    if (open != NULL && mailbox[length - 1] == '>') {
        g_free(address);
        address = g_strndup(open + 1, length - (gsize)(open + 1 - mailbox) - 1);
    }
    if (!mailbox_valid(address))
        faults_add(faults, file, line,
                   "<%s> holds \"%s\", expected one mailbox such as "
                   "Abuse Management &lt;abuse@example.net&gt;",
                   element, mailbox);
}

static void check_order(const Layout *layout, Faults *faults)
{
    if (layout->order[0] == NULL)
        faults_add(faults, layout->file, layout->order_line,
                   "<languages> is empty, expected for "
                   "example de en");
    for (guint i = 0; layout->order[i] != NULL; i++) {
        if (layout_text(layout, layout->order[i]) == NULL)
            faults_add(faults, layout->file, g_array_index(layout->order_lines, guint, i),
                       "language %s has no text, expected <text xml:lang=\"%s\">", layout->order[i],
                       layout->order[i]);
        for (guint j = 0; j < i; j++)
            if (!strcmp(layout->order[i], layout->order[j]))
                faults_add(faults, layout->file, g_array_index(layout->order_lines, guint, i),
                           "language %s is named twice, expected once", layout->order[i]);
    }
}

static void check_use_defined(const Node *node, const Place *place, const LayoutText *text)
{
    g_autofree const char **names = NULL;
    if (node->kind != NODE_USE || g_hash_table_contains(text->blocks, node->text))
        return;
    names = (const char **)g_hash_table_get_keys_as_array(text->blocks, NULL);
    g_autofree char *guess = template_guess(node->text, names, "\"", "\"");
    faults_add(place->faults, place->file, node->line,
               "no block \"%s\" in language %s of this "
               "layout%s; expected <block name=\"%s\">",
               node->text, place->language, guess, node->text);
}

static void check_layout_blocks(gpointer name, gpointer blocks, gpointer place)
{
    (void)name;
    visit_nodes(blocks, place, check_node);
}

static void check_layout_text(const Layout *layout, const LayoutText *text, Faults *faults)
{
    Place place = { layout->file, text->language, faults };
    const GPtrArray *lists[] = { text->more, text->greeting, text->signature };
    check_language(text->language, layout->file, text->line, faults);
    if (layout_text(layout, text->language) != text)
        faults_add(faults, layout->file, text->line,
                   "a second <text xml:lang=\"%s\">, expected "
                   "one per language",
                   text->language);
    if (!g_strv_contains((const char *const *)layout->order, text->language))
        faults_add(faults, layout->file, text->line,
                   "language %s is not in <languages>, expected "
                   "it there",
                   text->language);
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        visit_nodes(lists[i], &place, check_node);
        for (guint j = 0; j < lists[i]->len; j++)
            check_use_defined(lists[i]->pdata[j], &place, text);
    }
    if (text->attached != NULL)
        visit_nodes(text->attached, &place, check_node);
    else if (layout->table.max_rows != G_MAXUINT)
        faults_add(faults, layout->file, text->line,
                   "<table> attaches rows, but language %s doesn't say so, expected <attached>",
                   text->language);
    g_hash_table_foreach(text->blocks, check_layout_blocks, &place);
}

void layout_check(const Layout *layout, Faults *faults)
{
    check_id(layout->id, layout->file, layout->line, faults);
    check_order(layout, faults);
    check_mailbox(layout->from, "from", layout->file, layout->from_line, faults);
    check_mailbox(layout->reply_to, "reply-to", layout->file, layout->reply_to_line, faults);
    check_headers(layout, faults);
    for (guint i = 0; i < layout->texts->len; i++)
        check_layout_text(layout, layout->texts->pdata[i], faults);
}

/* One title of one template: where it stands. */
typedef struct {
    const Template *template_;
    guint line;
} Claim;

static void claim_title(GHashTable *claims, const Template *template_, guint i, Faults *faults)
{
    char *title = template_->titles->pdata[i];
    guint line = g_array_index(template_->title_lines, guint, i);
    const Claim *other = g_hash_table_lookup(claims, title);
    if (other == NULL) {
        Claim *claim = g_new(Claim, 1);
        *claim = (Claim){ template_, line };
        g_hash_table_insert(claims, title, claim);
        return;
    }
    g_autofree char *where = faults_place_text(other->line);
    faults_add(faults, template_->file, line,
               "title \"%s\" is also in %s:%s, expected one template for it",
               (char *)template_->titles_written->pdata[i], other->template_->file, where);
}

static void check_titles(const GPtrArray *templates, Faults *faults)
{
    g_autoptr(GHashTable) claims = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    for (guint i = 0; i < templates->len; i++) {
        const Template *template_ = templates->pdata[i];
        for (guint j = 0; j < template_->titles->len; j++)
            claim_title(claims, template_, j, faults);
    }
}

/* A template's <use>s against one layout. */
static void check_blocks(const GPtrArray *blocks, const Place *place, const Layout *layout,
                         const LayoutText *text)
{
    for (guint i = 0; i < blocks->len; i++) {
        const Node *node = blocks->pdata[i];
        if (node->kind != NODE_USE || g_hash_table_contains(text->blocks, node->text))
            continue;
        g_autofree const char **names =
            (const char **)g_hash_table_get_keys_as_array(text->blocks, NULL);
        g_autofree char *guess = template_guess(node->text, names, "\"", "\"");
        g_autofree char *where = faults_place_text(text->line);
        faults_add(place->faults, place->file, node->line,
                   "layout \"%s\" has no block \"%s\" in "
                   "language %s%s; expected <block name=\"%s\"> at %s:%s",
                   layout->id, node->text, place->language, guess, node->text, layout->file, where);
    }
}

/* Works, but a customer with that language alone gets the others.  Not said beside errors,
 * one of which may be the reason. */
static void warn_language(const Template *template_, const Layout *layout, Faults *faults)
{
    for (guint i = 0; faults_errors(faults) == 0 && i < layout->texts->len; i++) {
        const LayoutText *frame = layout->texts->pdata[i];
        if (template_text(template_, frame->language) != NULL)
            continue;
        g_autofree char *where = faults_place_text(frame->line);
        faults_warn(faults, template_->file, template_->line,
                    "language %s is missing, which layout \"%s\" has at %s:%s; expected "
                    "<notice xml:lang=\"%s\">, or its customers get the other languages",
                    frame->language, layout->id, layout->file, where, frame->language);
    }
}

static void check_pair(const Template *template_, const Layout *layout, Faults *faults)
{
    gboolean common = FALSE;
    for (guint i = 0; i < template_->texts->len; i++) {
        const TemplateText *text = template_->texts->pdata[i];
        const LayoutText *frame = layout_text(layout, text->language);
        Place place = { template_->file, text->language, faults };
        if (frame == NULL)
            continue;
        common = TRUE;
        check_blocks(text->blocks, &place, layout, frame);
    }
    if (!common)
        faults_add(faults, template_->file, template_->line,
                   "no language in common with layout "
                   "\"%s\" (%s), expected one of its <languages>",
                   layout->id, layout->file);
    else
        warn_language(template_, layout, faults);
}

void template_check_set(const GPtrArray *templates, const GPtrArray *layouts, Faults *faults)
{
    check_titles(templates, faults);
    for (guint i = 0; i < templates->len; i++)
        for (guint j = 0; j < layouts->len; j++)
            check_pair(templates->pdata[i], layouts->pdata[j], faults);
}
