/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Names of columns and keys, as data.  Source: 38 manual reports of 2018 to 2023,
 * and the feeds of the automated ones. */
#include "affected.h"

#include "subject.h"

#include <string.h>

typedef enum {
    IS_ADDRESS = 1,  /* says that it is an address */
    IS_HOST = 2,     /* an address if a word says whose */
    IS_OWNER = 4,    /* the affected side */
    IS_SOURCE = 8,   /* where traffic comes from */
    IS_DENIED = 16,  /* the other side */
    IS_FILLER = 32
} Word;

static const struct {
    const char *text; /* folded as titles are: "oe" for an umlaut */
    guint8 word;
} words[] = {
    { "ip", IS_ADDRESS },
    { "ips", IS_ADDRESS },
    { "ipv4", IS_ADDRESS },
    { "ipv6", IS_ADDRESS },
    { "ipaddr", IS_ADDRESS },
    { "ipaddress", IS_ADDRESS },
    { "ipadresse", IS_ADDRESS },
    { "ipadressen", IS_ADDRESS },
    { "addr", IS_FILLER },
    { "address", IS_FILLER },
    { "addresses", IS_FILLER },
    { "adress", IS_FILLER },
    { "adresse", IS_FILLER },
    { "adressen", IS_FILLER },
    { "des", IS_FILLER },
    { "der", IS_FILLER },
    { "of", IS_FILLER },
    { "the", IS_FILLER },
    { "your", IS_FILLER },
    { "ihres", IS_FILLER },
    { "public", IS_FILLER },
    { "oeffentliche", IS_FILLER },
    { "n", IS_FILLER },
    { "s", IS_FILLER },
    { "es", IS_FILLER },
    { "system", IS_HOST },
    { "systeme", IS_HOST },
    { "systems", IS_HOST },
    { "host", IS_HOST },
    { "hosts", IS_HOST },
    { "victim", IS_OWNER },
    { "client", IS_OWNER },
    { "affected", IS_OWNER },
    { "infected", IS_OWNER },
    { "compromised", IS_OWNER },
    { "suspicious", IS_OWNER },
    { "vulnerable", IS_OWNER },
    { "betroffene", IS_OWNER },
    { "betroffenes", IS_OWNER },
    { "betroffenen", IS_OWNER },
    { "infizierte", IS_OWNER },
    { "infiziertes", IS_OWNER },
    { "kompromittierte", IS_OWNER },
    { "kompromittiertes", IS_OWNER },
    { "verwundbare", IS_OWNER },
    { "opfer", IS_OWNER },
    { "kunden", IS_OWNER },
    { "src", IS_SOURCE },
    { "source", IS_SOURCE },
    { "quell", IS_SOURCE },
    { "quelle", IS_SOURCE },
    { "srcip", IS_SOURCE | IS_ADDRESS },
    { "sourceip", IS_SOURCE | IS_ADDRESS },
    { "quellip", IS_SOURCE | IS_ADDRESS },
    { "c2", IS_DENIED },
    { "c2s", IS_DENIED },
    { "cnc", IS_DENIED },
    { "cc", IS_DENIED },
    { "command", IS_DENIED },
    { "dst", IS_DENIED },
    { "dest", IS_DENIED },
    { "destination", IS_DENIED },
    { "dstip", IS_DENIED },
    { "dstaddr", IS_DENIED },
    { "destip", IS_DENIED },
    { "target", IS_DENIED },
    { "targets", IS_DENIED },
    { "targetip", IS_DENIED },
    { "ziel", IS_DENIED },
    { "zielip", IS_DENIED },
    { "zieladresse", IS_DENIED },
    { "server", IS_DENIED },
    { "remote", IS_DENIED },
    { "sinkhole", IS_DENIED },
    { "angreifer", IS_DENIED },
    { "attacker", IS_DENIED },
};

/* Without a zone; in the order of what is taken first. */
static const char *const times[] = {
    "timestamp", "zeitstempel", "datetime", "time",      "zeit",      "zeitpunkt",
    "itime",     "eventtime",   "lastseen", "lastattempt", "zuletzt", "firstseen",
    "date",      "datum",       "starttime", "endtime",
};

static const char *const zone_words[]
    = { "utc", "utc0", "gmt", "gmt0", "cet", "cest", "mez", "mesz", NULL };

static guint find_word(const char *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i].text, text) == 0)
            return words[i].word;
    return 0;
}

/* Lower case, umlauts spelled out, everything but letters and digits a blank; NULL when it is
 * no name. */
static char *fold(const char *name, gsize length)
{
    if (length == 0 || length > COLUMNS_NAME_MAX)
        return NULL;
    g_autofree char *copy = g_strndup(name, length);
    char *folded = subject_fold_title(copy);
    for (char *p = folded; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && (guchar)*p < 0x80)
            *p = ' ';
    return folded;
}

ColumnKind column_kind(const char *name, gsize length)
{
    g_autofree char *folded = fold(name, length);
    if (folded == NULL)
        return COLUMN_OTHER;
    g_auto(GStrv) parts = g_strsplit(folded, " ", -1);
    guint all = 0;
    gboolean strange = FALSE;
    for (guint i = 0; parts[i] != NULL; i++) {
        guint word = *parts[i] != '\0' ? find_word(parts[i]) : IS_FILLER;
        all |= word;
        strange |= word == 0;
    }
    if ((all & IS_DENIED) != 0)
        return COLUMN_DENIED;
    gboolean address = (all & IS_ADDRESS) != 0 || ((all & IS_HOST) != 0 && (all & IS_OWNER) != 0);
    if (strange || !address)
        return COLUMN_OTHER;
    return (all & IS_SOURCE) != 0 ? COLUMN_SOURCE : COLUMN_AFFECTED;
}

guint column_time_rank(const char *name, gsize length)
{
    g_autofree char *folded = fold(name, length);
    if (folded == NULL)
        return 0;
    g_auto(GStrv) parts = g_strsplit(folded, " ", -1);
    g_autoptr(GString) joined = g_string_new(NULL);
    for (guint i = 0; parts[i] != NULL; i++) {
        gboolean digit = *parts[i] != '\0' && parts[i][1] == '\0' && g_ascii_isdigit(*parts[i]);
        if (!digit && !g_strv_contains(zone_words, parts[i]))
            g_string_append(joined, parts[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(times); i++)
        if (strcmp(times[i], joined->str) == 0)
            return i + 1;
    return 0;
}

int columns_affected(const ColumnKind *kinds, guint n)
{
    static const ColumnKind order[] = { COLUMN_AFFECTED, COLUMN_SOURCE };
    for (gsize k = 0; k < G_N_ELEMENTS(order); k++) {
        int found = -1;
        for (guint i = 0; i < n; i++)
            if (kinds[i] == order[k])
                found = found == -1 ? (int)i : -2;
        if (found != -1)
            return found;
    }
    return -1;
}

int columns_time(const Table *table)
{
    int best = -1;
    guint best_rank = G_MAXUINT;
    for (guint i = 0; i < table_n_columns(table); i++) {
        const char *name = table_column(table, i);
        guint rank = column_time_rank(name, strlen(name));
        if (rank > 0 && rank < best_rank) {
            best = (int)i;
            best_rank = rank;
        }
    }
    return best;
}
