/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* config-table: the keys of certbund-milter.conf, each with type, unit, default,
 * place in Config and check.  For config*.c and their test only.
 *
 * A value reaches its type as valid UTF-8 without control characters and
 * without blanks at its ends; the defaults go the same way. */
#ifndef CERTBUND_CONFIG_TABLE_H
#define CERTBUND_CONFIG_TABLE_H

#include "config.h"

typedef struct ConfigKey ConfigKey;

typedef struct {
    /* Set the key's field.  On FALSE the field is as before and the error reads
     * `"text" is no ...; expected ...` (config_refuse). */
    gboolean (*parse)(const ConfigKey *key, const char *text, Config *config, GError **error);
    void (*clear)(const ConfigKey *key, Config *config); /* NULL for plain numbers */
    gsize size; /* of a plain number's field, else 0 */
} ConfigType;

struct ConfigKey {
    const char *group, *name;
    const ConfigType *type;
    const char *unit;     /* what a number counts, what a text is */
    const char *default_; /* as an operator would write it */
    gsize offset;         /* of the field in Config */
    gint64 low, high;     /* bounds of a number, both inclusive */
    const char *words;    /* "keep|rewrite" of an enumeration; first is 0 */
};

extern const ConfigKey config_keys[];
extern const guint config_n_keys;

/* config-values.c: numbers, words, text, paths */
extern const ConfigType config_type_text;
extern const ConfigType config_type_boolean;
extern const ConfigType config_type_choice; /* index of the word, in an int */
extern const ConfigType config_type_word;   /* the word itself */
extern const ConfigType config_type_mode;   /* octal */
extern const ConfigType config_type_size;
extern const ConfigType config_type_duration;
extern const ConfigType config_type_daytime;
extern const ConfigType config_type_percent;
extern const ConfigType config_type_rate;
extern const ConfigType config_type_count;
extern const ConfigType config_type_path;
extern const ConfigType config_type_paths;
extern const ConfigType config_type_classes;

/* config-evidence.c: what proves that a mail is genuine */
extern const ConfigType config_type_require;
extern const ConfigType config_type_nameservers;
extern const ConfigType config_type_fingerprints;
extern const ConfigType config_type_sign_key; /* a fingerprint or an absolute path */

/* config-endpoints.c: who and where */
extern const ConfigType config_type_address;      /* addr-spec or empty */
extern const ConfigType config_type_null_address; /* or <>, which is empty */
extern const ConfigType config_type_mailbox;      /* with display name */
extern const ConfigType config_type_intake;
extern const ConfigType config_type_domains;
extern const ConfigType config_type_networks;
extern const ConfigType config_type_socket;
extern const ConfigType config_type_source;
extern const ConfigType config_type_notice_mode;
extern const ConfigType config_type_via;

/* Set error to `"text" ...`, text sanitised and shortened; always FALSE. */
gboolean config_refuse(GError **error, const char *text, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Text as faults show it: printable, at most 60 characters; caller frees. */
char *config_shown(const char *text);

/* 1 to 65535, or 0 when text[0..length) is no such number. */
guint config_port(const char *text, gsize length);

/* The items of a list: divided by ';', stripped, empty ones left out. */
char **config_split(const char *text);

/* Give the key's field a new string or list, freeing the one before. */
void config_set_text(const ConfigKey *key, Config *config, char *text);
void config_set_list(const ConfigKey *key, Config *config, char **list);
void config_clear_text(const ConfigKey *key, Config *config);
void config_clear_list(const ConfigKey *key, Config *config);

/* A list whose items each pass check, which may replace the item by its normal
 * form and sets error otherwise. */
typedef gboolean (*ConfigCheckItem)(char **item, GError **error);
gboolean config_parse_items(const ConfigKey *key, const char *text, Config *config,
                            ConfigCheckItem check, GError **error);

#endif
