/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Reads a finished notice back and compares it with the report.  It shares no
 * code with the renderer: it parses the bytes with the stages that read mail. */
#include "guard.h"

#include "errors.h"
#include "guard-html.h"
#include "guard-mail.h"
#include "guard-networks.h"
#include "guard-pieces.h"
#include "guard-rows.h"
#include "guard-scan.h"
#include "guard-shapes.h"
#include "guard-text.h"
#include "guard-xarf.h"

#include <string.h>

struct Guard {
    const Report *report;
    GHashTable *addresses; /* set of Address, pointing into the report's events */
    GHashTable *accounts;  /* set of mailboxes in lower case, owned */
    GHashTable *domains;   /* set of their domains, pointing into them */
    /* The guard's only changing parts: what was found to name nobody. */
    GuardPieces *calm;        /* pieces of text */
    GuardPieces *calm_fields; /* header fields as they stand in the notice */
    GuardNetworks *networks;  /* that notices may name; or NULL */
};

/* Takes account; domains may be NULL. */
static void add_mailbox(GHashTable *accounts, GHashTable *domains, char *account)
{
    const char *at = strrchr(account, '@');

    if (g_hash_table_contains(accounts, account)) {
        g_free(account);
        return;
    }
    g_hash_table_add(accounts, account);
    if (domains != NULL && at != NULL)
        g_hash_table_add(domains, (gpointer)(at + 1));
}

/* In lower case, and likewise with the domain's A-labels as a plain text has them. */
static void add_account(GHashTable *accounts, GHashTable *domains, const char *account)
{
    char *folded = g_ascii_strdown(account, -1);
    const char *at = strrchr(folded, '@');
    g_autofree char *domain
        = at != NULL && strstr(at, "xn--") != NULL ? g_hostname_to_unicode(at + 1) : NULL;

    if (domain != NULL) {
        g_autofree char *readable
            = g_strdup_printf("%.*s@%s", (int)(at - folded), folded, domain);
        GString *plain = guard_text_plain(readable, strlen(readable));
        add_mailbox(accounts, domains, g_string_free(plain, FALSE));
    }
    add_mailbox(accounts, domains, folded);
}

Guard *guard_new(const Report *report)
{
    Guard *guard = g_new0(Guard, 1);

    guard->report = report;
    guard->addresses = g_hash_table_new(address_hash, address_equal);
    guard->accounts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guard->domains = g_hash_table_new(g_str_hash, g_str_equal);
    guard->calm = guard_pieces_new();
    guard->calm_fields = guard_pieces_new();
    for (guint i = 0; i < report->n_events; i++) {
        const char *account = report_account(report, i);
        if (account != NULL)
            add_account(guard->accounts, guard->domains, account);
        else if (!report->events[i].unreadable)
            g_hash_table_add(guard->addresses, &report->events[i].address);
    }
    return guard;
}

void guard_know_networks(Guard *guard, const Assignment *assignment, const Customers *customers)
{
    guard_networks_free(guard->networks);
    guard->networks = guard_networks_new(guard->report, assignment, customers);
}

Guard *guard_share(const Guard *guard)
{
    Guard *other = g_new0(Guard, 1);

    other->report = guard->report;
    other->addresses = g_hash_table_ref(guard->addresses);
    other->accounts = g_hash_table_ref(guard->accounts);
    other->domains = g_hash_table_ref(guard->domains);
    other->calm = guard_pieces_new();
    other->calm_fields = guard_pieces_new();
    other->networks = guard->networks != NULL ? guard_networks_share(guard->networks) : NULL;
    return other;
}

void guard_free(Guard *guard)
{
    if (guard == NULL)
        return;
    guard_pieces_free(guard->calm);
    guard_pieces_free(guard->calm_fields);
    guard_networks_free(guard->networks);
    g_hash_table_unref(guard->addresses);
    g_hash_table_unref(guard->domains);
    g_hash_table_unref(guard->accounts);
    g_free(guard);
}

/* Whose notice it is.  The sets of what is his are made when first needed: most
 * notices name nothing outside their rows. */
typedef struct {
    const Guard *guard;
    const guint32 *events;
    guint n_events;
    gboolean named;        /* the text names a system or account of the report */
    GHashTable *addresses; /* of Address, pointing into the report's events; or NULL */
    GHashTable *accounts;  /* of char *, owned; or NULL */
    GHashTable *written;   /* of Address: his networks'; or NULL */
} Owner;

static void owner_clear(Owner *owner)
{
    g_clear_pointer(&owner->addresses, g_hash_table_unref);
    g_clear_pointer(&owner->accounts, g_hash_table_unref);
    g_clear_pointer(&owner->written, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Owner, owner_clear)

/* Is a network of his written with this address? */
static gboolean is_written(Owner *owner, const Address *address)
{
    if (owner->guard->networks == NULL || owner->n_events == 0)
        return FALSE;
    if (owner->written == NULL)
        owner->written = guard_networks_written(owner->guard->networks, owner->events,
                                                owner->n_events);
    return g_hash_table_contains(owner->written, address);
}

static gboolean is_of_row(Owner *owner, const Address *address)
{
    if (owner->addresses == NULL) {
        owner->addresses = g_hash_table_new(address_hash, address_equal);
        for (guint i = 0; i < owner->n_events; i++)
            g_hash_table_add(owner->addresses,
                             &owner->guard->report->events[owner->events[i]].address);
    }
    return g_hash_table_contains(owner->addresses, address);
}

/* A network's is his also when it is nobody's of the report: then no part of it is read for
 * another one. */
static Named whose_address(const Address *address, gpointer data)
{
    Owner *owner = data;
    gboolean affected = g_hash_table_contains(owner->guard->addresses, address);

    if (!affected && !is_written(owner, address))
        return NAMED_NOBODY;
    owner->named = TRUE;
    if (!affected || is_of_row(owner, address))
        return NAMED_OWN;
    return is_written(owner, address)
            && guard_networks_own(owner->guard->networks, address, owner->events[0])
        ? NAMED_OWN : NAMED_FOREIGN;
}

static Named whose_account(const char *account, gpointer data)
{
    Owner *owner = data;

    if (!g_hash_table_contains(owner->guard->accounts, account))
        return NAMED_NOBODY;
    owner->named = TRUE;
    if (owner->accounts == NULL) {
        owner->accounts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        for (guint i = 0; i < owner->n_events; i++)
            add_account(owner->accounts, NULL,
                        report_account(owner->guard->report, owner->events[i]));
    }
    return g_hash_table_contains(owner->accounts, account) ? NAMED_OWN : NAMED_FOREIGN;
}

static gboolean has_accounts(const char *domain, gpointer data)
{
    const Owner *owner = data;
    return g_hash_table_contains(owner->guard->domains, domain);
}

static gboolean piece_names_foreign(Owner *owner, const char *text, gsize length)
{
    const GuardNames names = { whose_address, whose_account, has_accounts, owner };
    GString *plain = guard_text_plain(text, length);
    gboolean foreign = (g_hash_table_size(owner->guard->accounts) > 0
                        && guard_names_foreign_account(plain, &names))
        || (g_hash_table_size(owner->guard->addresses) > 0
            && guard_names_foreign_address(plain, &names));

    g_string_free(plain, TRUE);
    return foreign;
}

/* Does text, which is not the customer's rows, name somebody else's system?  A piece that
 * names none of the report's is the same whoever's notice it stands in. */
static gboolean names_foreign(Owner *owner, const char *text, gsize length)
{
    gboolean whole = g_hash_table_size(owner->guard->accounts) > 0;

    for (gsize size; length > 0; text += size, length -= size) {
        size = whole ? length : guard_piece(text, length);
        if (guard_pieces_have(owner->guard->calm, text, size))
            continue;
        owner->named = FALSE;
        if (piece_names_foreign(owner, text, size))
            return TRUE;
        if (!owner->named)
            guard_pieces_add(owner->guard->calm, text, size);
    }
    return FALSE;
}

/* Every field, for a layout may add any. */
static gboolean headers_clean(Owner *owner, const GuardMail *mail)
{
    for (guint i = 0; i < mail->fields->len; i++) {
        const GuardField *field = &g_array_index(mail->fields, GuardField, i);
        owner->named = FALSE;
        if (piece_names_foreign(owner, field->value, strlen(field->value)))
            return FALSE;
        if (!owner->named && field->raw != NULL)
            guard_pieces_add(owner->guard->calm_fields, field->raw, field->raw_length);
    }
    return TRUE;
}

/* Likewise of the page, which has rows where the text has. */
static gboolean page_clean(Owner *owner, const GuardMail *mail, const Shown *shown,
                           gboolean with_rows, GError **error)
{
    if (mail->html == NULL)
        return TRUE;
    GString *words = guard_html_words(mail->html, mail->html_length, shown, with_rows,
                                      mail->file != NULL, error);
    if (words == NULL)
        return FALSE;
    gboolean foreign = names_foreign(owner, words->str, words->len);
    g_string_free(words, TRUE);
    if (foreign)
        error_bug(error, "the HTML names a system that is not this customer's");
    return !foreign;
}

/* Likewise of the XARF, in which evidence has rows. */
static gboolean xarf_clean(Owner *owner, const GuardMail *mail, const Shown *shown,
                           GError **error)
{
    g_autoptr(GString) words = g_string_new(NULL);

    if (!guard_xarf_words(mail->xarf, owner->guard->report, shown, words, error))
        return FALSE;
    if (!names_foreign(owner, words->str, words->len))
        return TRUE;
    error_bug(error, "the XARF names a system that is not this customer's");
    return FALSE;
}

/* Law 2: no address of another customer outside the customer's own rows.  rows: where they
 * stand in the text; empty when they are attached alone.  labels: what stands among them. */
static gboolean words_clean(Owner *owner, const GuardMail *mail, const char *rows, gsize size,
                            const GString *labels, GError **error)
{
    gsize before = (gsize)(rows - mail->text);

    if (headers_clean(owner, mail) && !names_foreign(owner, mail->text, before)
        && !names_foreign(owner, rows + size, mail->length - before - size)
        && !names_foreign(owner, labels->str, labels->len)
        && !names_foreign(owner, mail->names->str, mail->names->len))
        return TRUE;
    error_bug(error, "the text names a system that is not this customer's");
    return FALSE;
}

/* The rows as CSV.  A cell may imitate the header line, so the first need not be the one; what
 * is wrong is that of the first. */
static gboolean find_csv(const Shown *shown, const GuardMail *mail, const char **rows_r,
                         gsize *size_r, GError **error)
{
    const char *csv = guard_rows_find(shown, mail->text);

    for (guint i = 0; csv != NULL && i < GUARD_STARTS_MAX; i++) {
        gsize size = table_extent(csv, mail->length - (gsize)(csv - mail->text));
        if (guard_rows_match(shown, csv, size, mail->file != NULL, i == 0 ? error : NULL)) {
            g_clear_error(error);
            *rows_r = csv;
            *size_r = size;
            return TRUE;
        }
        csv = guard_rows_find(shown, csv + 1);
    }
    return FALSE;
}

/* The rows in the text, in whatever form; none there may only be when they are attached, and
 * not whole either. */
static gboolean find_rows(const Shown *shown, const GuardMail *mail, const char **rows_r,
                          gsize *size_r, GString *labels, GError **error)
{
    gboolean attached = mail->file != NULL;
    g_autoptr(GError) wrong = NULL;

    if (find_csv(shown, mail, rows_r, size_r, &wrong)
        || guard_shapes_find(shown, mail->text, attached, rows_r, size_r, labels))
        return TRUE;
    if (wrong != NULL)
        g_propagate_error(error, g_steal_pointer(&wrong));
    else if (!attached)
        error_bug(error, "the notice has no table");
    else
        return TRUE;
    return FALSE;
}

gboolean guard_check(const Guard *guard, GBytes *notice, const guint32 *events, guint n_events,
                     const guint *columns, guint n_columns, GError **error)
{
    g_auto(Owner) owner = { .guard = guard, .events = events, .n_events = n_events };
    const Shown shown = { guard->report->table, events, n_events, columns, n_columns };
    g_autoptr(GuardMail) mail = guard_mail_read(notice, guard->calm_fields, error);
    if (mail == NULL)
        return FALSE;
    const char *rows = mail->text;
    gsize size = 0;
    g_autoptr(GString) labels = g_string_new(NULL);
    if (n_columns == 0) {
        error_bug(error, "the notice has no table");
        return FALSE;
    }
    if (mail->file != NULL && !guard_rows_match_file(&shown, mail->file, TRUE, error))
        return FALSE;
    return find_rows(&shown, mail, &rows, &size, labels, error)
        && words_clean(&owner, mail, rows, size, labels, error)
        && page_clean(&owner, mail, &shown, size > 0, error)
        && xarf_clean(&owner, mail, &shown, error);
}
