/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* letter-maker: reports, templates and layouts for the tests of rendering. */
#ifndef CERTBUND_LETTER_MAKER_H
#define CERTBUND_LETTER_MAKER_H

#include "render.h"

/* What letter_layout says in German and English, for further layouts. */
#define LETTER_TEXTS                                                                               \
    "<text xml:lang='de'><hint>[English below]</hint><more>und <count/> weitere</more>"            \
    "<greeting><p>Hallo,</p></greeting><signature><p>Gruß</p></signature>"                        \
    "<block name='b'><p>Block</p></block><block name='e'/></text>"                                 \
    "<text xml:lang='en'><hint>[Deutsch unten]</hint><more>and <one>1 other</one><many><count/> "  \
    "others</many></more><greeting><p>Hello,</p></greeting>"                                       \
    "<block name='b'><p>block</p></block><block name='e'/></text>"

extern const char letter_layout[]; /* id default */
extern const char letter_csv[];    /* three rows, two addresses */

/* Where the shipped templates are; caller frees. */
char *letter_shipped(void);

/* Load two directories (the second may be NULL); aborts on a fault. */
TemplateSet *letter_set(const char *first, const char *second);

/* A report as the reading stage makes it; accounts: column 3 is the mailbox. */
Report *letter_report(const char *subject, const char *csv, gboolean accounts);

/* The notice of the report's first n_events rows to a customer of this language. */
Rendered *letter_render(const Report *report, const TemplateSet *set, const char *template_,
                        const char *language, guint n_events);

/* The same with a one-off template (its inside, between the tags) and layout. */
Rendered *letter_once(const char *layout, const char *inside, const Report *report,
                      const char *language, guint n_events);

/* Both for a customer who was told before; history may be NULL. */
Rendered *letter_render_told(const Report *report, const TemplateSet *set, const char *template_,
                             const char *language, guint n_events, const History *history);
Rendered *letter_once_told(const char *layout, const char *inside, const Report *report,
                           const char *language, guint n_events, const History *history);

/* Compare with tests/notices/TEMPLATE.LANGUAGE.NUMBER.txt; CERTBUND_UPDATE_NOTICES
 * writes it anew. */
void letter_golden(const char *template_, const char *language, const char *number,
                   const Rendered *rendered);
/* The same of a file of this name in tests/notices. */
void letter_golden_file(const char *name, const char *got);

#endif
