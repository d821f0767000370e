/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Writes, reads and prints configs for their tests. */
#include "config-fixture.h"

#include <string.h>

Config *config_made(const char *text, gssize length, Faults *faults)
{
    g_autoptr(GError) error = NULL;
    g_file_set_contents(CONFIG_NAME, text, length, &error);
    g_assert_no_error(error);
    return config_load(CONFIG_NAME, faults);
}

Config *config_good(const char *text)
{
    g_autoptr(Faults) faults = faults_new();
    Config *config = config_made(text, -1, faults);
    for (guint i = 0; i < faults_count(faults); i++)
        g_test_message("%s", faults_text(faults, i));
    g_assert_nonnull(config);
    g_assert_cmpuint(faults_count(faults), ==, 0);
    return config;
}

char *config_faults(const Faults *faults)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < faults_count(faults); i++)
        g_string_append_printf(all, "%s%s", i > 0 ? "\n" : "", faults_text(faults, i));
    return g_string_free(g_steal_pointer(&all), FALSE);
}

static char *networks_of(const Networks *networks)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < networks->n; i++) {
        g_autofree char *network = network_format(&networks->items[i]);
        g_string_append_printf(all, "%s%s", i > 0 ? ";" : "", network);
    }
    return g_string_free(g_steal_pointer(&all), FALSE);
}

static char *alternatives_of(const guint *sets)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (const guint *set = sets; *set != 0; set++) {
        g_string_append_c(all, ';');
        for (Evidence evidence = 0; evidence < EVIDENCE_N; evidence++)
            if ((*set & EVIDENCE_BIT(evidence)) != 0)
                g_string_append_printf(all, "+%s", config_evidence_name(evidence));
    }
    return g_string_free(g_steal_pointer(&all), FALSE);
}

char *config_value(const Config *config, const ConfigKey *key)
{
    gconstpointer field = G_STRUCT_MEMBER_P(config, key->offset);
    if (key->type->size == sizeof(guint64))
        return g_strdup_printf("%" G_GUINT64_FORMAT, *(const guint64 *)field);
    if (key->type->size == sizeof(guint))
        return g_strdup_printf("%u", *(const guint *)field);
    if (key->type == &config_type_networks)
        return networks_of(field);
    if (key->type == &config_type_notice_mode)
        return g_strdup_printf("%d %s", (int)config->mode, config->redirect_to);
    if (key->type == &config_type_require)
        return alternatives_of(*(guint *const *)field);
    if (key->type->clear == config_clear_list)
        return g_strjoinv(";", *(char **const *)field);
    g_assert_true(key->type->clear == config_clear_text);
    return g_strdup(*(char *const *)field);
}

gboolean config_is_place(const ConfigKey *key)
{
    return strchr(key->default_, '/') != NULL && key->type != &config_type_via
           && key->type != &config_type_rate;
}

char *config_shipped(const char *folder, const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", folder, name, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}
