/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* render: template + one customer's events -> subject and text.
 *
 * Pure: no I/O, no clock.  Text is wrapped at RENDER_WIDTH columns; URLs, <pre>
 * and table lines are never broken. */
#ifndef CERTBUND_RENDER_H
#define CERTBUND_RENDER_H

#include "customers.h"
#include "report.h"
#include "template.h"

#define RENDER_WIDTH       72
#define RENDER_SUBJECT_MAX 160 /* characters; mail programs show fewer, none shows more */
#define RENDER_SUBJECT_MIN 40  /* of the template's, however much a layout puts round it */
#define RENDER_CELL_MAX    80  /* characters of a cell in running text: it may be anything */
#define RENDER_HEADER_MAX  400 /* characters of a further header field's value */

/* What this customer was told before, of this class.  The first four are about the rows of
 * the notice: of each address (or account) among them the earliest or latest counts, and
 * the most notices.  Times are microseconds since the epoch, UTC; 0: never. */
typedef struct {
    gint64 first_seen, last_seen, last_told;
    guint times;       /* notices told before this one */
    guint n_open;      /* distinct addresses (accounts) that are in the report, were told lately,
                          and are not repeated in the rows */
    gint64 open_since; /* when the first of these was first told; not 0 when n_open is not */
} History;

/* What letters from the same templates have in common, kept from one to the next.  For one
 * thread; the templates must outlive it. */
typedef struct RenderMemory RenderMemory;
RenderMemory *render_memory_new(void);
void render_memory_free(RenderMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RenderMemory, render_memory_free)

/* Who sends the notice, for rows as XARF. */
typedef struct {
    char *name;    /* his display name, or else his domain */
    char *address; /* that answers reach: with an @ */
} RenderSender;

typedef struct {
    const Report *report;
    const Template *template_;
    const Layout *layout;
    const Customer *customer;
    const RenderSender *sender;
    const guint32 *events; /* indices into report->events */
    guint n_events;        /* at least one */
    const char *class_id;
    const char *reference;  /* ours: "A-7F3K2Q" */
    const char *preface;    /* put before everything, wrapped, LF begins a line; or NULL */
    const History *history; /* or NULL: nothing was told before */
    gint64 date;            /* when the report was sent, seconds since the epoch; 0: unknown */
    gint64 written;         /* when the notice is, likewise */
    gboolean critical;      /* [KRITISCH], believed */
    RenderMemory *memory;   /* or NULL */
    const char *const *networks; /* the customer's that the events lie in, see
                                    assignment_networks(); or NULL: not known */
} RenderInput;

typedef struct {
    char *subject;      /* UTF-8, one line */
    GString *text;      /* UTF-8, LF line ends, ends in one */
    GString *html;      /* the same as a page, where the layout wants one; or NULL */
    char *language;     /* "de", or "de, en": for Content-Language */
    GPtrArray *headers; /* "Name: value" UTF-8 strings, one line each */
    GPtrArray *files;   /* of Attachment: the rows as a CSV file, as XARF, both, or none */
    gboolean rows_attached; /* the CSV file is among them */
} Rendered;

/* The customer's languages in the layout's order; subject and header fields are
 * in the first.  Never fails: what could (unknown field, block, language) was
 * checked when the template was loaded; a language the template lacks is left
 * out, and if none is left all of the template's are used. */
Rendered *render(const RenderInput *input);
void rendered_free(Rendered *rendered);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rendered, rendered_free)

/* Names that <field name="..."/> may have, NULL-terminated; certbund-template(5)
 * says what each stands for. */
extern const char *const render_fields[];

/* Who may hide columns, and say how the rows are shown: the words of the customer, or else of
 * the template, or else of the layout. */
typedef struct {
    const Template *template_;
    const Layout *layout;
    const Customer *customer;
} RenderFrame;

/* Is the column that a table calls name hidden from this customer, by any of them? */
gboolean render_hides(const RenderFrame *frame, const char *name);

/* The columns a notice shows, in order: the template's own as far as the table
 * has them, then, unless columns_only (and one was found), the table's others; without
 * hidden ones, so that *n_r, their number, may be 0: then there is no notice.  Caller
 * frees. */
guint *render_columns(const Report *report, const RenderFrame *frame, guint *n_r);

#endif
