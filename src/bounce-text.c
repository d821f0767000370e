/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Letters to a customer's escalation contact, and to the desk. */
#include "bounce-text.h"

#include "timestamp.h"
#include "wrap.h"

#include <string.h>

typedef struct {
    const char *language;
    const char *subject; /* with the reference */
    const char *greeting, *intro;
    const char *reference, *ticket, *class_id, *sent, *failed; /* labels */
    const char *unknown, *more;                                /* addresses; with a number */
    const char *attached, *for_good, *for_now;
    const char *reply; /* with the reference */
    const char *closing;
} Words;

static const Words words[] = {
    { .language = "de",
      .subject = "Nicht zugestellt: unsere Meldung %s zu Ihren Systemen",
      .greeting = "Sehr geehrte Damen und Herren,",
      .intro = "wir wollten Sie über ein Sicherheitsproblem auf Ihren Systemen informieren, "
               "konnten unsere Meldung aber nicht zustellen. Sie erhalten sie deshalb als die "
               "Stelle, die uns für solche Fälle genannt worden ist.",
      .reference = "Unser Zeichen:",
      .ticket = "Bericht von CERT-Bund:",
      .class_id = "Art des Problems:",
      .sent = "Versandt am:",
      .failed = "Nicht erreicht:",
      .unknown = "(Adresse nicht genannt)",
      .more = "und %u weitere",
      .attached = "Die Meldung ist dieser Nachricht beigefügt. Bitte leiten Sie sie an die Stelle "
                  "weiter, die für die betroffenen Systeme zuständig ist.",
      .for_good = "An Adressen, die endgültig nicht erreichbar sind, senden wir keine weiteren "
                  "Meldungen. Bitte teilen Sie uns mit, wohin wir uns künftig wenden können.",
      .for_now = "Bitte prüfen Sie, warum unsere Nachrichten dort zurzeit nicht ankommen.",
      .reply = "Bei Fragen antworten Sie bitte auf diese Nachricht und nennen Sie dabei unser "
               "Zeichen %s.",
      .closing = "Mit freundlichen Grüßen" },
    { .language = "en",
      .subject = "Undelivered: our notice %s about your systems",
      .greeting = "Dear Sir or Madam,",
      .intro = "We wanted to inform you about a security problem on your systems, but our notice "
               "could not be delivered. You receive it because you were named to us as the "
               "contact for such cases.",
      .reference = "Our reference:",
      .ticket = "Report of CERT-Bund:",
      .class_id = "Kind of problem:",
      .sent = "Sent on:",
      .failed = "Not reached:",
      .unknown = "(address not given)",
      .more = "and %u more",
      .attached = "The notice is attached to this message. Please pass it on to those who are "
                  "responsible for the affected systems.",
      .for_good = "We send no further notices to addresses that can't be reached for good. Please "
                  "let us know whom we may write to from now on.",
      .for_now = "Please check why our messages do not arrive there at present.",
      .reply = "If you have any questions, please reply to this message and quote our "
               "reference %s.",
      .closing = "Kind regards" },
};

static const Words *find_words(const char *language)
{
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i].language, language) == 0)
            return &words[i];
    return NULL;
}

const char **bounce_text_languages(const Layout *layout, const char *wanted)
{
    g_auto(GStrv) list = g_strsplit(*wanted != '\0' ? wanted : "de en", " ", -1);
    const char **languages = g_new0(const char *, G_N_ELEMENTS(words) + 1);
    guint n = 0;

    for (char **language = layout->order; *language != NULL && n < G_N_ELEMENTS(words); language++)
        if (g_strv_contains((const char *const *)list, *language) && find_words(*language) != NULL)
            languages[n++] = find_words(*language)->language;
    if (n == 0)
        for (guint i = 0; i < G_N_ELEMENTS(words); i++)
            languages[i] = words[i].language;
    return languages;
}

/* ---- parts of a letter */

static void append_paragraph(GString *text, const char *paragraph)
{
    wrap_append(text, paragraph, BOUNCE_TEXT_COLUMNS, "", "");
    g_string_append_c(text, '\n');
}

/* format: a literal of the table above with one %s. */
static void append_with_reference(GString *text, const char *format, const char *reference)
{
    g_auto(GStrv) halves = g_strsplit(format, "%s", 2);
    g_autofree char *paragraph = g_strjoinv(reference, halves);
    append_paragraph(text, paragraph);
}

static void append_label(GString *text, const char *label, const char *value)
{
    if (*value != '\0')
        g_string_append_printf(text, "  %-23s %s\n", label, value);
}

static void append_day(GString *text, const char *label, gint64 usecs)
{
    char stamp[TIMESTAMP_TEXT_SIZE];

    if (usecs <= 0)
        return;
    timestamp_format(usecs / G_USEC_PER_SEC, stamp);
    stamp[strcspn(stamp, "T")] = '\0';
    append_label(text, label, stamp);
}

static void append_failures(GString *text, const Words *in, const GPtrArray *failures)
{
    for (guint i = 0; i < failures->len && i < BOUNCE_SHOWN_MAX; i++) {
        const BounceFailure *failure = failures->pdata[i];
        const char *address = *failure->address != '\0' ? failure->address : in->unknown;
        g_autofree char *value =
            g_strdup_printf("%s%s%s%s", address, *failure->status != '\0' ? " (" : "",
                            failure->status, *failure->status != '\0' ? ")" : "");
        append_label(text, i == 0 ? in->failed : "", value);
        wrap_append(text, failure->diagnostic, BOUNCE_TEXT_COLUMNS, "    > ", "    > ");
    }
    if (failures->len > BOUNCE_SHOWN_MAX) {
        g_autofree char *number = g_strdup_printf("%u", failures->len - BOUNCE_SHOWN_MAX);
        g_auto(GStrv) halves = g_strsplit(in->more, "%u", 2);
        g_autofree char *more = g_strjoinv(number, halves);
        append_label(text, "", more);
    }
}

static void append_facts(GString *text, const Words *in, const BounceLetter *letter)
{
    append_label(text, in->reference, letter->reference);
    append_label(text, in->ticket, letter->notice->ticket);
    append_label(text, in->class_id, letter->notice->class_id);
    append_day(text, in->sent, letter->notice->handed_over);
    append_failures(text, in, letter->failures);
    g_string_append_c(text, '\n');
}

static gboolean any_for_good(const GPtrArray *failures)
{
    for (guint i = 0; i < failures->len; i++)
        if (((const BounceFailure *)failures->pdata[i])->for_good)
            return TRUE;
    return FALSE;
}

/* What the desk types when mail arrives again, for each address shown above. */
static void append_commands(GString *text, const GPtrArray *failures)
{
    if (!any_for_good(failures))
        return;
    append_paragraph(text, "A contact that can't be reached for good gets no further notices, and "
                           "the rows of a customer who has no other one are held, until you say "
                           "that mail arrives there again:");
    for (guint i = 0; i < failures->len && i < BOUNCE_SHOWN_MAX; i++) {
        const BounceFailure *failure = failures->pdata[i];
        if (failure->for_good && *failure->address != '\0')
            g_string_append_printf(text, "  certbundctl contact ok %s\n", failure->address);
    }
    g_string_append_c(text, '\n');
}

/* ---- letters */

char *bounce_text_subject(const BounceLetter *letter, const char *language)
{
    g_auto(GStrv) halves = g_strsplit(find_words(language)->subject, "%s", 2);

    if (letter->why == NULL)
        return g_strjoinv(letter->reference, halves);
    /* No ticket: this mail must never look like a report. */
    return g_strdup_printf("Notice %s to customer %s could not be delivered", letter->reference,
                           letter->notice->customer);
}

static void append_letter(GString *text, const Words *in, const BounceLetter *letter)
{
    append_paragraph(text, in->greeting);
    append_paragraph(text, in->intro);
    append_facts(text, in, letter);
    append_paragraph(text, in->attached);
    append_paragraph(text, any_for_good(letter->failures) ? in->for_good : in->for_now);
    append_with_reference(text, in->reply, letter->reference);
    g_string_append_printf(text, "%s\n%s%s", in->closing, letter->signer,
                           *letter->signer != '\0' ? "\n" : "");
}

GString *bounce_text_customer(const BounceLetter *letter, const Layout *layout,
                              const char *const *languages)
{
    GString *text = g_string_new(NULL);
    const LayoutText *first = layout_text(layout, languages[0]);

    if (languages[1] != NULL && first != NULL && first->hint != NULL)
        g_string_append_printf(text, "%s\n\n", first->hint);
    for (guint i = 0; languages[i] != NULL; i++) {
        if (i > 0)
            g_string_append_printf(text, "\n%s\n\n", layout->separator);
        append_letter(text, find_words(languages[i]), letter);
    }
    return text;
}

GString *bounce_text_desk(const BounceLetter *letter)
{
    const LedgerNoticeInfo *notice = letter->notice;
    g_autofree char *recipients = g_strjoinv(", ", notice->recipients);
    GString *text = g_string_new(NULL);

    append_with_reference(text, "A notice could not be delivered, and nobody else was told: %s.",
                          letter->why);
    append_label(text, "Customer:", notice->customer);
    append_label(text, "Sent to:", recipients);
    append_facts(text, find_words("en"), letter);
    append_commands(text, letter->failures);
    append_paragraph(text, letter->attached
                               ? "The mail that came back is attached."
                               : "The mail that came back is not kept any more (keep-content).");
    return text;
}
