/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Checks what a grammar can't say: names that must exist elsewhere (fields,
 * blocks, languages), text that would vanish (an empty subject), header fields
 * that are not the layout's to set.  After this, rendering can't fail. */
#include "template-parts.h"

#include "form.h"
#include "mailbox.h"
#include "table.h"

#include <string.h>

#define ID_MAX          60 /* bytes; ids stand in file names, marks and logs */
#define LANGUAGE_MAX    8  /* RFC 5646 section 2.1: a primary subtag has at most 8 letters */
#define HEADER_NAME_MAX 60 /* bytes; leaves room for a value in a line of 78 */

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

/* A slip here shows customers what they should not see.  But a column that is new must be hidden
 * before anybody has listed it. */
static void check_hidden(char **names, const char *file, guint line, Faults *faults)
{
    for (; *names != NULL; names++)
        template_check_column(*names, file, line, faults);
}

static void check_form(const char *form, const char *file, guint line, Faults *faults)
{
    g_auto(GStrv) hidden = form_hidden(form);
    g_autofree char *fault = form != NULL ? form_fault(form) : NULL;

    if (fault != NULL)
        faults_add(faults, file, line, "form=\"%s\": %s", form, fault);
    else
        check_hidden(hidden, file, line, faults);
}

/* A subject with CERT-Bund's number looks like its report, to people and to programs. */
static void check_in_subject(const Node *node, gpointer data)
{
    const TemplateCheck *place = data;

    if (node->kind == NODE_FIELD && strcmp(node->text, "ticket") == 0)
        faults_add(place->faults, place->file, node->line,
                   "field \"ticket\" in a subject, expected it in the text; \"reference\" is our own");
}

static void check_texts(const Template *template_, Faults *faults)
{
    const TemplateText *first = template_->texts->pdata[0];
    for (guint i = 0; i < template_->texts->len; i++) {
        const TemplateText *text = template_->texts->pdata[i];
        TemplateCheck place = { template_->file, text->language, faults };
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
            if (!template_shows_text(text->subject, many == 1)) {
                faults_add(faults, template_->file, text->line,
                           "the subject may be empty "
                           "(%s), expected text in it",
                           many ? "several addresses" : "one address");
                break;
            }
        template_check_nodes(text->subject, &place);
        template_visit(text->subject, check_in_subject, &place);
        template_check_nodes(text->blocks, &place);
    }
}

/* Rows to show the template with: as one, and as several. */
static void check_sample(const Template *template_, Faults *faults)
{
    g_autoptr(GError) error = NULL;
    if (template_->sample == NULL)
        return;
    g_autoptr(Table) table = table_take(g_strdup(template_->sample), 0,
                                        strlen(template_->sample), ',', &error);
    if (table == NULL)
        faults_add(faults, template_->file, template_->sample_line,
                   "<sample>: %s, expected CSV with a line of the columns' names", error->message);
    else if (table_n_rows(table) < TEMPLATE_SAMPLE_MIN)
        faults_add(faults, template_->file, template_->sample_line,
                   "<sample> has %u rows below its header, expected %d or more",
                   table_n_rows(table), TEMPLATE_SAMPLE_MIN);
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
    check_form(template_->form, template_->file, template_->form_line, faults);
    check_sample(template_, faults);
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
    TemplateCheck place = { layout->file, NULL, faults };
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
        template_check_nodes(header->value, &place);
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

/* Where a <use> stands, and the blocks that are there for it. */
typedef struct {
    const TemplateCheck *place;
    const LayoutText *text;
    const Layout *layout; /* NULL: its own */
} Uses;

static void check_use_defined(const Node *node, gpointer data)
{
    const Uses *uses = data;
    const TemplateCheck *place = uses->place;
    g_autofree const char **names = NULL;
    if (node->kind != NODE_USE || g_hash_table_contains(uses->text->blocks, node->text))
        return;
    names = (const char **)g_hash_table_get_keys_as_array(uses->text->blocks, NULL);
    g_autofree char *guess = template_guess(node->text, names, "\"", "\"");
    g_autofree char *where = faults_place_text(uses->text->line);
    if (uses->layout == NULL)
        faults_add(place->faults, place->file, node->line,
                   "no block \"%s\" in language %s of this "
                   "layout%s; expected <block name=\"%s\">",
                   node->text, place->language, guess, node->text);
    else
        faults_add(place->faults, place->file, node->line,
                   "layout \"%s\" has no block \"%s\" in "
                   "language %s%s; expected <block name=\"%s\"> at %s:%s",
                   uses->layout->id, node->text, place->language, guess, node->text,
                   uses->layout->file, where);
}

static void count_template(const Node *node, gpointer data)
{
    *(guint *)data += node->kind == NODE_TEMPLATE;
}

static void check_frame(const LayoutText *text, const TemplateCheck *place)
{
    guint n = 0;
    template_visit(text->subject, count_template, &n);
    if (text->subject->len > 0 && n != 1)
        faults_add(place->faults, place->file, ((const Node *)text->subject->pdata[0])->line,
                   "<subject> has <template/> %u times, expected once: there stands the template's",
                   n);
}

static void check_layout_blocks(gpointer name, gpointer blocks, gpointer place)
{
    (void)name;
    template_check_nodes(blocks, place);
}

static void check_layout_text(const Layout *layout, const LayoutText *text, Faults *faults)
{
    TemplateCheck place = { layout->file, text->language, faults };
    const GPtrArray *lists[] = { text->subject, text->more, text->greeting, text->signature };
    const Uses uses = { &place, text, NULL };
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
        template_check_nodes(lists[i], &place);
        template_visit(lists[i], check_use_defined, (gpointer)&uses);
    }
    template_visit(text->subject, check_in_subject, &place);
    check_frame(text, &place);
    if (text->attached != NULL)
        template_check_nodes(text->attached, &place);
    g_hash_table_foreach(text->blocks, check_layout_blocks, &place);
}

void layout_check(const Layout *layout, Faults *faults)
{
    check_id(layout->id, layout->file, layout->line, faults);
    check_order(layout, faults);
    check_mailbox(layout->from, "from", layout->file, layout->from_line, faults);
    check_mailbox(layout->reply_to, "reply-to", layout->file, layout->reply_to_line, faults);
    check_headers(layout, faults);
    check_form(layout->table.form, layout->file, layout->table.form_line, faults);
    check_hidden(layout->table.hide, layout->file, layout->table.hide_line, faults);
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
        TemplateCheck place = { template_->file, text->language, faults };
        if (frame == NULL)
            continue;
        common = TRUE;
        const Uses uses = { &place, frame, layout };
        template_visit(text->blocks, check_use_defined, (gpointer)&uses);
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
