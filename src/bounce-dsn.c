/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Reads the fields of a delivery status notification (RFC 3464 section 2).
 *
 * Groups of fields are divided by empty lines; the first one is about the mail, each
 * other about one recipient.  MTAs leave that one out, add empty lines and fields of
 * their own, so a group counts as a recipient's when it has one of his fields.  Every
 * word in it is a remote host's, so what leaves here is checked or made harmless. */
#include "bounce-dsn.h"

#include "errors.h"
#include "mailbox.h"
#include "message.h"
#include "wrap.h"

#include <string.h>

typedef enum {
    FIELD_ORIGINAL,
    FIELD_FINAL,
    FIELD_ACTION,
    FIELD_STATUS,
    FIELD_DIAGNOSTIC,
    FIELD_N
} Field;

static const char *const field_names[FIELD_N] = {
    [FIELD_ORIGINAL] = "Original-Recipient",
    [FIELD_FINAL] = "Final-Recipient",
    [FIELD_ACTION] = "Action",
    [FIELD_STATUS] = "Status",
    [FIELD_DIAGNOSTIC] = "Diagnostic-Code",
};

static const char *const action_names[DSN_ACTION_N] = {
    [DSN_UNKNOWN] = "unknown",     [DSN_FAILED] = "failed",   [DSN_DELAYED] = "delayed",
    [DSN_DELIVERED] = "delivered", [DSN_RELAYED] = "relayed", [DSN_EXPANDED] = "expanded",
};

/* One group of fields: values unfolded, the first of each name. */
typedef struct {
    GString *values[FIELD_N];
    gboolean seen[FIELD_N];
    int current; /* field that a folded line goes on with, or -1 */
} Group;

const char *dsn_action_name(DsnAction action)
{
    return action_names[action];
}

static void recipient_free(gpointer data)
{
    DsnRecipient *recipient = data;

    g_free(recipient->final);
    g_free(recipient->original);
    g_free(recipient->status);
    g_free(recipient->diagnostic);
    g_free(recipient);
}

void dsn_free(Dsn *dsn)
{
    if (dsn == NULL)
        return;
    g_ptr_array_unref(dsn->recipients);
    g_free(dsn);
}

/* ---- values */

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

/* Behind "type;" (RFC 3464 section 2.1.2), which some leave out. */
static const char *behind_type(const char *value)
{
    gsize type = strspn(value, LETTERS DIGITS "-");
    gsize blanks = strspn(value + type, " ");
    const char *start = value[type + blanks] == ';' ? value + type + blanks + 1 : value;

    return start + strspn(start, " ");
}

static char *read_address(const char *value)
{
    g_autofree char *address = g_strdup(behind_type(value));
    gsize length;

    g_strstrip(address);
    length = strlen(address);
    if (length >= 2 && *address == '<' && address[length - 1] == '>') {
        memmove(address, address + 1, length - 2);
        address[length - 2] = '\0';
    }
    return mailbox_valid(address) ? g_steal_pointer(&address) : g_strdup("");
}

/* The first word: comments may follow (RFC 3464 section 2.1.1). */
static DsnAction read_action(const char *value)
{
    gsize length = strspn(value, LETTERS);

    for (guint i = DSN_FAILED; i < DSN_ACTION_N; i++)
        if (strlen(action_names[i]) == length &&
            g_ascii_strncasecmp(value, action_names[i], length) == 0)
            return (DsnAction)i;
    return DSN_UNKNOWN;
}

/* RFC 3463 section 2: class "." subject "." detail, where a class is 2, 4 or 5; how many
 * bytes of text it takes, 0: it doesn't begin with one. */
static gsize status_length(const char *text)
{
    gsize subject, detail;

    if (strchr("245", *text) == NULL || *text == '\0' || text[1] != '.')
        return 0;
    subject = strspn(text + 2, DIGITS);
    if (subject < 1 || subject > 3 || text[2 + subject] != '.')
        return 0;
    detail = strspn(text + 3 + subject, DIGITS);
    return detail < 1 || detail > 3 ? 0 : 3 + subject + detail;
}

/* "550 5.1.1 ..." or "550-..." of an SMTP server: its status, or X.0.0 of its class. */
static char *status_of_reply(const char *reply)
{
    if (strspn(reply, DIGITS) != 3 || strchr("245", *reply) == NULL)
        return g_strdup("");
    if (reply[3] == ' ' || reply[3] == '-') {
        gsize length = status_length(reply + 4);
        if (length > 0 && reply[4] == *reply)
            return g_strndup(reply + 4, length);
    }
    return g_strdup_printf("%c.0.0", *reply);
}

static char *read_status(const char *value, const char *diagnostic)
{
    gsize length = status_length(value);

    if (length > 0)
        return g_strndup(value, length);
    if (g_ascii_strncasecmp(diagnostic, "smtp", strlen("smtp")) != 0)
        return g_strdup("");
    return status_of_reply(behind_type(diagnostic));
}

static char *read_diagnostic(const char *value)
{
    g_autoptr(GString) text = g_string_new(NULL);

    wrap_append_safe(text, behind_type(value));
    if (text->len > DSN_DIAGNOSTIC_MAX)
        g_string_truncate(
            text, (gsize)(g_utf8_find_prev_char(text->str, text->str + DSN_DIAGNOSTIC_MAX + 1) -
                          text->str));
    return g_strstrip(g_string_free(g_steal_pointer(&text), FALSE));
}

/* ---- groups */

static void group_init(Group *group)
{
    for (guint i = 0; i < FIELD_N; i++)
        group->values[i] = g_string_new(NULL);
}

static void group_reset(Group *group)
{
    for (guint i = 0; i < FIELD_N; i++) {
        g_string_truncate(group->values[i], 0);
        group->seen[i] = FALSE;
    }
    group->current = -1;
}

static void group_clear(Group *group)
{
    for (guint i = 0; i < FIELD_N; i++)
        g_string_free(group->values[i], TRUE);
}

/* As much of text as the limit lets in, divided from what is there by a blank. */
static void append_value(GString *value, const char *text, gsize length)
{
    g_autofree char *stripped = g_strstrip(g_strndup(text, length));

    if (value->len > 0 && value->len < DSN_FIELD_MAX)
        g_string_append_c(value, ' ');
    for (const char *p = stripped; *p != '\0'; p = g_utf8_next_char(p)) {
        gsize size = (gsize)(g_utf8_next_char(p) - p);
        if (value->len + size > DSN_FIELD_MAX)
            break;
        g_string_append_len(value, p, (gssize)size);
    }
}

static void read_line(Group *group, const char *line, gsize length)
{
    const char *colon;
    gsize name;

    if (*line == ' ' || *line == '\t') {
        if (group->current >= 0)
            append_value(group->values[group->current], line, length);
        return;
    }
    group->current = -1;
    colon = memchr(line, ':', length);
    if (colon == NULL)
        return;
    name = (gsize)(colon - line);
    while (name > 0 && g_ascii_isspace(line[name - 1]))
        name--;
    for (int i = 0; i < FIELD_N; i++)
        if (!group->seen[i] && strlen(field_names[i]) == name &&
            g_ascii_strncasecmp(line, field_names[i], name) == 0) {
            group->seen[i] = TRUE;
            group->current = i;
            append_value(group->values[i], colon + 1, length - (gsize)(colon + 1 - line));
            return;
        }
}

static void end_group(Group *group, Dsn *dsn)
{
    DsnRecipient *recipient;
    gboolean has_recipient =
        group->seen[FIELD_FINAL] || group->seen[FIELD_ORIGINAL] || group->seen[FIELD_ACTION];

    if (has_recipient && dsn->recipients->len >= DSN_RECIPIENTS_MAX)
        dsn->cut = TRUE;
    if (has_recipient && !dsn->cut) {
        recipient = g_new0(DsnRecipient, 1);
        recipient->original = read_address(group->values[FIELD_ORIGINAL]->str);
        recipient->final = read_address(group->values[FIELD_FINAL]->str);
        recipient->action = read_action(group->values[FIELD_ACTION]->str);
        recipient->status =
            read_status(group->values[FIELD_STATUS]->str, group->values[FIELD_DIAGNOSTIC]->str);
        recipient->diagnostic = read_diagnostic(group->values[FIELD_DIAGNOSTIC]->str);
        dsn->n_failed += recipient->action == DSN_FAILED;
        g_ptr_array_add(dsn->recipients, recipient);
    }
    group_reset(group);
}

static gboolean is_empty(const char *line, gsize length)
{
    return length == 0 || strspn(line, " \t") >= length;
}

static void read_groups(Dsn *dsn, const char *text)
{
    Group group;

    group_init(&group);
    group_reset(&group);
    for (const char *line = text, *end; *line != '\0'; line = *end == '\n' ? end + 1 : end) {
        end = strchrnul(line, '\n');
        if (is_empty(line, (gsize)(end - line)))
            end_group(&group, dsn);
        else
            read_line(&group, line, (gsize)(end - line));
    }
    end_group(&group, dsn);
    group_clear(&group);
}

/* ---- the mail */

static gboolean is_status(const MessagePart *part)
{
    return strcmp(part->type, "message/delivery-status") == 0 ||
           strcmp(part->type, "message/global-delivery-status") == 0;
}

/* The text of the first such part: there is one (RFC 3464 section 2). */
static char *status_text(Message *message, GError **error)
{
    gsize length;

    for (guint i = 0; i < message_n_parts(message); i++)
        if (is_status(message_part(message, i)))
            return message_part_text(message, i, &length, error);
    error_input(error, "it has no part of type message/delivery-status");
    return NULL;
}

Dsn *dsn_parse(GBytes *mail, GError **error)
{
    gsize size = MIN(g_bytes_get_size(mail), DSN_BYTES_MAX);
    g_autoptr(GBytes) head = g_bytes_new_from_bytes(mail, 0, size);
    g_autoptr(Message) message = message_parse(head, error);
    g_autofree char *text = message != NULL ? status_text(message, error) : NULL;
    Dsn *dsn;

    if (text == NULL)
        return NULL;
    dsn = g_new0(Dsn, 1);
    dsn->recipients = g_ptr_array_new_with_free_func(recipient_free);
    read_groups(dsn, text);
    return dsn;
}
