/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* template: XML files -> checked templates and layouts.
 *
 * The only stage that includes libxml2 (template-read.c, template-schema.c).
 * Files are checked against the RELAX NG schema that is compiled in
 * (templates/certbund-template.rng); no network access, no external entity, no
 * DTD.  A TemplateSet is immutable, so threads may share it.  What a template
 * may hold is described in certbund-template(5). */
#ifndef CERTBUND_TEMPLATE_H
#define CERTBUND_TEMPLATE_H

#include "faults.h"

#define TEMPLATE_FILE_MAX (1024 * 1024) /* bytes; a letter is a few thousand */
#define TEMPLATE_SAMPLE_MIN 2 /* rows: a letter to one is another than to many */

typedef enum {
    /* inline */
    NODE_TEXT,      /* text: white space folded to single blanks */
    NODE_FIELD,     /* text: name of the field */
    NODE_COUNT,     /* number of distinct addresses, or of what it stands in is about */
    NODE_ADDRESSES, /* the first max addresses and, by the layout's <more>, how many others */
    NODE_NETWORKS,  /* likewise, the customer's networks that the events lie in */
    NODE_COLUMN,    /* text: name; the first max different cells and, likewise, the others */
    NODE_TEMPLATE,  /* in a layout's subject: the template's */
    NODE_ONE,       /* children, if NODE_COUNT is one */
    NODE_MANY,      /* children, if it is more */
    NODE_LINK,      /* href in text, children: label; also a block */
    NODE_BREAK,     /* <br/>: a new line */
    NODE_IF,        /* children, if a condition holds, see Node; also a block */
    /* blocks */
    NODE_PARAGRAPH,
    NODE_LIST, /* children: NODE_ITEM */
    NODE_ITEM,
    NODE_PRE,        /* text verbatim, without trailing blanks and line ends */
    NODE_USE,        /* text: name of a block of the layout */
    NODE_QUOTATION,  /* children: blocks that introduce CERT-Bund's words; nothing
                        at all when the report has none */
    NODE_STILL_OPEN, /* children: blocks about what was told before, is in the report and
                        not in the rows; NODE_COUNT is how many; nothing if none is */
    NODE_TOLD_BEFORE /* children: blocks, if of these rows some were told before;
                        NODE_COUNT is how many times */
} NodeKind;

#define TEMPLATE_COLUMN_MAX 3  /* cells that <column/> shows, unless it says how many */
#define TEMPLATE_MAX_MAX    99 /* as many as it may say: more are for the table */

typedef struct Node {
    NodeKind kind;
    char *text;          /* see above, or NULL */
    GPtrArray *children; /* of Node, or NULL */
    /* NODE_IF: does the field text have this value, or any row's cell of the column text?
     * value NULL: any but an empty one.  negated: it has not. */
    gboolean of_column, negated;
    char *value;
    guint max;
    char *zone_name; /* NODE_FIELD: for a time, or NULL */
    GTimeZone *zone; /* NULL also if there is none of this name */
    guint line; /* here and below: as faults_add() takes it, with the column */
} Node;

/* One language of a template. */
typedef struct {
    char *language;            /* "de" */
    GPtrArray *subject;        /* inline Nodes */
    GPtrArray *blocks;         /* block Nodes */
    gboolean group_by_address; /* the same in all of a template's texts */
    guint line;
} TemplateText;

typedef struct {
    char *id;
    char *file;
    GPtrArray *titles; /* title_key()'s, char * */
    GPtrArray *titles_written; /* the same as they stand in the file */
    char **columns;    /* NULL-terminated, in the order to show; may be empty */
    gboolean columns_only;
    char *form;        /* words of form.h, before the layout's; or NULL */
    guint form_line;
    gboolean group_by_address;            /* one notice per address instead of per customer */
    gboolean shows_networks;              /* a NODE_NETWORKS stands in it */
    char *sample;                         /* rows as CSV, with a header; or NULL */
    guint sample_line;
    GPtrArray *texts;                     /* of TemplateText, in file order, at least one */
    guint line, match_line, columns_line; /* 0: not in the file */
    GArray *title_lines, *column_lines;   /* guint, of each title and column */
} Template;

/* A further header field. */
typedef struct {
    char *name;       /* "X-OTRS-Queue": a token, none of those notice.c sets */
    GPtrArray *value; /* inline Nodes */
    guint line;
} TemplateHeader;

#define LAYOUT_LABEL_MAX 40 /* characters: a table has room for no more, see ROWS_TABLE_WORD */
#define LAYOUT_ROWS_MAX 20 /* a screen of rows: more are read in a spreadsheet, not in a mail */

/* Behind the last text, before the first, or within the first behind its greeting. */
typedef enum { TABLE_END, TABLE_START, TABLE_AFTER_GREETING } TablePosition;

/* How a layout shows the rows. */
typedef struct {
    TablePosition position;
    char *form;            /* words of form.h, or NULL */
    guint max_rows;        /* that stand in the text; more are attached alone */
    guint max_cell;        /* characters of a cell that stand in the text; 0: all */
    gboolean bom, formula_safe; /* of the file, see rows-csv.h */
    char **hide;           /* columns that no notice shows; NULL-terminated */
    guint line, form_line, hide_line;
} LayoutTable;

/* One language of a layout. */
typedef struct {
    char *language;
    char *hint;      /* first line when other languages follow, or NULL */
    GPtrArray *subject; /* inline Nodes round NODE_TEMPLATE; empty: it alone */
    GPtrArray *more; /* inline Nodes behind the first address and a blank; <count/> is the rest */
    GPtrArray *attached; /* inline Nodes: says that the rows are attached; or NULL */
    GPtrArray *greeting; /* block Nodes */
    GPtrArray *signature;
    GHashTable *blocks; /* name -> GPtrArray of block Nodes */
    GHashTable *labels; /* of columns: columns_key() -> char *; or NULL */
    guint line;
} LayoutText;

typedef struct {
    char *id;
    char *file;
    char *separator;       /* the line between two languages */
    char **order;          /* languages, first to last; NULL-terminated */
    char *from, *reply_to; /* RFC 5322 mailboxes, or NULL: the config's */
    GPtrArray *headers;    /* of TemplateHeader: further fields */
    LayoutTable table;
    gboolean shows_networks;
    GPtrArray *texts;      /* of LayoutText, one per language of order */
    guint line, order_line, from_line, reply_to_line;
    GArray *order_lines; /* guint, of each of order */
} Layout;

typedef struct TemplateSet TemplateSet;

/* Read every *.xml of the directories; a template or layout id that an earlier
 * directory has wins, so that an operator's copy replaces the shipped file; the
 * same id twice in one directory is a fault, and so are two templates that
 * claim one title, a <use> of a block that a layout lacks in that language, an
 * unknown field, and a set without the layout `default`.  A directory that does
 * not exist is skipped with a warning unless none exists.  NULL if there was a fault. */
TemplateSet *templates_load(const char *const *directories, Faults *faults);
TemplateSet *templates_ref(TemplateSet *set);
void templates_unref(TemplateSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TemplateSet, templates_unref)

/* These are of no class: what serves classes without a template, and the daily digest. */
#define TEMPLATE_REPORT "report"
#define TEMPLATE_DIGEST "digest"
gboolean template_serves_any(const char *id);

/* The template with the longest title that matches, else the one whose id is
 * class_id, else NULL.  `report` is never found this way. */
const Template *templates_find(const TemplateSet *set, const char *title, const char *class_id);
const Template *templates_by_id(const TemplateSet *set, const char *id);
const Layout *templates_layout(const TemplateSet *set, const char *id); /* "": default */
guint templates_n_templates(const TemplateSet *set);
const Template *templates_at(const TemplateSet *set, guint i); /* below that; in no order */
guint templates_n_layouts(const TemplateSet *set);

const TemplateText *template_text(const Template *template_, const char *language);
const LayoutText *layout_text(const Layout *layout, const char *language);

/* SHA-256 (hex) over the files the set was made of. */
const char *templates_digest(const TemplateSet *set);

#endif
