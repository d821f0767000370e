/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* config-values: the types of values that are numbers, words, text and paths.
 *
 * Strict: a unit is written as documented or refused, so that 40 MB is never
 * silently one thing or the other (IEC 80000-13: MiB).  A year has 365 days. */
#include "config-table.h"
#include "daytime.h"

#include <string.h>

#include "errors.h"
#include "log.h"

#define SHOWN_MAX 60 /* characters of a value in a fault */

char *config_shown(const char *text)
{
    g_autofree char *clean = log_sanitize(text);
    if (g_utf8_strlen(clean, -1) <= SHOWN_MAX)
        return g_steal_pointer(&clean);
    g_autofree char *start = g_utf8_substring(clean, 0, SHOWN_MAX - 3);
    return g_strconcat(start, "...", NULL);
}

gboolean config_refuse(GError **error, const char *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *shown = config_shown(text);
    error_input(error, "\"%s\" %s", shown, what);
    return FALSE;
}

char **config_split(const char *text)
{
    g_auto(GStrv) all = g_strsplit(text, ";", -1);
    g_autoptr(GPtrArray) items = g_ptr_array_new();
    for (char **p = all; *p != NULL; p++)
        if (*g_strstrip(*p) != '\0')
            g_ptr_array_add(items, g_strdup(*p));
    g_ptr_array_add(items, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&items), FALSE);
}

static gpointer field(const ConfigKey *key, Config *config)
{
    return G_STRUCT_MEMBER_P(config, key->offset);
}

void config_clear_text(const ConfigKey *key, Config *config)
{
    g_clear_pointer((char **)field(key, config), g_free);
}

void config_clear_list(const ConfigKey *key, Config *config)
{
    g_clear_pointer((char ***)field(key, config), g_strfreev);
}

void config_set_text(const ConfigKey *key, Config *config, char *text)
{
    config_clear_text(key, config);
    *(char **)field(key, config) = text;
}

void config_set_list(const ConfigKey *key, Config *config, char **list)
{
    config_clear_list(key, config);
    *(char ***)field(key, config) = list;
}

gboolean config_parse_items(const ConfigKey *key, const char *text, Config *config,
                            ConfigCheckItem check, GError **error)
{
    g_auto(GStrv) items = config_split(text);
    for (char **item = items; *item != NULL; item++)
        if (!check(item, error))
            return FALSE;
    config_set_list(key, config, g_steal_pointer(&items));
    return TRUE;
}

/* Numbers. */

typedef struct {
    const char *name;
    guint64 factor; /* 0: only the number 0 stands without a unit */
} Unit;

typedef struct {
    const char *wrong;  /* what a fault says */
    const char *gap;    /* between number and unit when we write one */
    const Unit *units;  /* ascending; ends in a NULL name */
} Quantity;

static const Unit size_units[] = {
    { "", 1 }, { "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 }, { NULL, 0 }
};
static const Unit duration_units[] = {
    { "", 0 },      { "s", 1 },          { "m", 60 },          { "h", 3600 },
    { "d", 86400 }, { "w", 7 * 86400 },  { "y", 365 * 86400 }, { NULL, 0 }
};
static const Unit percent_units[] = { { "", 1 }, { "%", 1 }, { NULL, 0 } };
static const Unit rate_units[] = { { "", 0 }, { "/min", 1 }, { NULL, 0 } };
static const Unit count_units[] = { { "", 1 }, { NULL, 0 } };

static const Quantity size_quantity = {
    "is no size; expected bytes or a number of KiB, MiB or GiB, as in 40 MiB", " ", size_units
};
static const Quantity duration_quantity = {
    "is no length of time; expected a number of s, m, h, d, w or y, as in 14d, or 0", "",
    duration_units
};
static const Quantity percent_quantity = { "is no percentage; expected 0% to 100%", "",
                                           percent_units };
static const Quantity rate_quantity = {
    "is no rate; expected a number per minute, as in 60/min, or 0", "", rate_units
};
static const Quantity count_quantity = { "is no number; expected digits, as in 200", "",
                                         count_units };

static char *format_quantity(const Quantity *quantity, gint64 value)
{
    const Unit *best = NULL;
    for (const Unit *unit = quantity->units; unit->name != NULL; unit++)
        if (unit->factor > 0 && (guint64)value % unit->factor == 0)
            best = unit;
    if (value == 0)
        return g_strdup("0");
    g_assert(best != NULL);
    return g_strdup_printf("%" G_GUINT64_FORMAT "%s%s", (guint64)value / best->factor,
                           *best->name == '\0' ? "" : quantity->gap, best->name);
}

/* "40 MiB" -> bytes; a number that does not fit becomes G_MAXUINT64, which no
 * key's bounds allow. */
static gboolean read_quantity(const Quantity *quantity, const char *text, guint64 *value_r)
{
    if (!g_ascii_isdigit(*text))
        return FALSE;
    guint64 number = 0;
    gboolean overflow = FALSE;
    for (; g_ascii_isdigit(*text); text++)
        overflow |= !g_uint64_checked_mul(&number, number, 10)
                    || !g_uint64_checked_add(&number, number, (guint64)(*text - '0'));
    while (*text == ' ')
        text++;
    const Unit *unit = quantity->units;
    while (unit->name != NULL && strcmp(unit->name, text) != 0)
        unit++;
    if (unit->name == NULL || (unit->factor == 0 && (number != 0 || overflow)))
        return FALSE;
    if (overflow || !g_uint64_checked_mul(value_r, number, unit->factor))
        *value_r = G_MAXUINT64;
    return TRUE;
}

static gboolean parse_quantity(const Quantity *quantity, const ConfigKey *key, const char *text,
                               Config *config, GError **error)
{
    guint64 value;
    if (!read_quantity(quantity, text, &value))
        return config_refuse(error, text, "%s", quantity->wrong);
    if (value < (guint64)key->low || value > (guint64)key->high) {
        g_autofree char *low = format_quantity(quantity, key->low);
        g_autofree char *high = format_quantity(quantity, key->high);
        return config_refuse(error, text, "is out of range; expected %s to %s", low, high);
    }
    if (key->type->size == sizeof(guint))
        *(guint *)field(key, config) = (guint)value;
    else
        *(guint64 *)field(key, config) = value;
    return TRUE;
}

G_STATIC_ASSERT(sizeof(gsize) == sizeof(guint64)); /* max_size_bytes is written as one */

#define DEFINE_NUMBER(name, c_type)                                                               \
    static gboolean parse_##name(const ConfigKey *key, const char *text, Config *config,           \
                                 GError **error)                                                   \
    {                                                                                              \
        return parse_quantity(&name##_quantity, key, text, config, error);                         \
    }                                                                                              \
    const ConfigType config_type_##name = { parse_##name, NULL, sizeof(c_type) };

DEFINE_NUMBER(size, guint64)
DEFINE_NUMBER(duration, guint64)
DEFINE_NUMBER(percent, guint)
DEFINE_NUMBER(rate, guint)
DEFINE_NUMBER(count, guint)

static gboolean parse_mode(const ConfigKey *key, const char *text, Config *config, GError **error)
{
    guint value = 0;
    gsize n = strspn(text, "01234567");
    if (n < 3 || n > 4 || text[n] != '\0')
        return config_refuse(error, text, "is no file mode; expected three octal digits, as in "
                                          "0660");
    for (const char *p = text; *p != '\0'; p++)
        value = value * 8 + (guint)(*p - '0');
    if (value > (guint)key->high)
        return config_refuse(error, text, "is out of range; expected 0000 to 0%o",
                             (guint)key->high);
    *(guint *)field(key, config) = value;
    return TRUE;
}
const ConfigType config_type_mode = { parse_mode, NULL, sizeof(guint) };

/* Words. */

static gboolean parse_boolean(const ConfigKey *key, const char *text, Config *config,
                              GError **error)
{
    gboolean yes = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0)
        return config_refuse(error, text, "is no answer; expected yes or no");
    *(gboolean *)field(key, config) = yes;
    return TRUE;
}
const ConfigType config_type_boolean = { parse_boolean, NULL, sizeof(gboolean) };

static gboolean find_word(const ConfigKey *key, const char *text, gint *index_r, GError **error)
{
    g_auto(GStrv) words = g_strsplit(key->words, "|", -1);
    for (gint i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], text) == 0) {
            *index_r = i;
            return TRUE;
        }
    g_autofree char *all = g_strjoinv(" or ", words);
    return config_refuse(error, text, "is unknown; expected %s", all);
}

static gboolean parse_choice(const ConfigKey *key, const char *text, Config *config,
                             GError **error)
{
    return find_word(key, text, field(key, config), error);
}
const ConfigType config_type_choice = { parse_choice, NULL, sizeof(gint) };

static gboolean parse_word(const ConfigKey *key, const char *text, Config *config, GError **error)
{
    gint index;
    if (!find_word(key, text, &index, error))
        return FALSE;
    config_set_text(key, config, g_strdup(text));
    return TRUE;
}
const ConfigType config_type_word = { parse_word, config_clear_text, 0 };

/* A time of day and its zone. */

static gboolean parse_daytime(const ConfigKey *key, const char *text, Config *config,
                              GError **error)
{
    Daytime daytime;
    if (!daytime_parse(text, &daytime))
        return config_refuse(error, text, "is no time of day; expected HH:MM and a zone that this "
                                          "machine knows, as in 07:00 Europe/Berlin or 06:00 UTC");
    daytime_clear(&daytime);
    config_set_text(key, config, g_strdup(text));
    return TRUE;
}
const ConfigType config_type_daytime = { parse_daytime, config_clear_text, 0 };

/* Text. */

static gboolean parse_text(const ConfigKey *key, const char *text, Config *config, GError **error)
{
    if (strpbrk(text, " ;,") != NULL)
        return config_refuse(error, text, "is no %s; expected one word", key->unit);
    config_set_text(key, config, g_strdup(text));
    return TRUE;
}
const ConfigType config_type_text = { parse_text, config_clear_text, 0 };

static gboolean check_class(char **item, GError **error)
{
    if ((*item)[strspn(*item, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
        return config_refuse(error, *item, "is no class; expected a-z, 0-9 and '-', as in "
                                           "open-telnet");
    return TRUE;
}

static gboolean parse_classes(const ConfigKey *key, const char *text, Config *config,
                              GError **error)
{
    return config_parse_items(key, text, config, check_class, error);
}
const ConfigType config_type_classes = { parse_classes, config_clear_list, 0 };

/* Paths: absolute, because a daemon's working directory is nobody's. */

static gboolean check_path(char **item, GError **error)
{
    if (!g_path_is_absolute(*item))
        return config_refuse(error, *item, "is no absolute path; expected one that begins with /");
    return TRUE;
}

static gboolean parse_path(const ConfigKey *key, const char *text, Config *config, GError **error)
{
    g_autofree char *path = g_strdup(text);
    if (!check_path(&path, error))
        return FALSE;
    config_set_text(key, config, g_steal_pointer(&path));
    return TRUE;
}
const ConfigType config_type_path = { parse_path, config_clear_text, 0 };

static gboolean parse_paths(const ConfigKey *key, const char *text, Config *config, GError **error)
{
    g_auto(GStrv) items = config_split(text);
    if (items[0] == NULL)
        return config_refuse(error, text, "names no directory; expected at least one");
    return config_parse_items(key, text, config, check_path, error);
}
const ConfigType config_type_paths = { parse_paths, config_clear_list, 0 };
