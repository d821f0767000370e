/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A file -> settings: all within their bounds, and every fault one line. */
#include "fuzz.h"

#include "config.h"

#include <string.h>

static void check_values(const Config *config)
{
    g_assert_cmpuint(config->max_size_bytes, >=, CONFIG_MAIL_BYTES_MIN);
    g_assert_cmpuint(config->max_size_bytes, <=, CONFIG_MAIL_BYTES_MAX);
    g_assert_cmpint(config->max_age_secs, >=, 0);
    g_assert_cmpint(config->max_age_secs, <=, CONFIG_AGE_MAX_SECS);
    g_assert_cmpuint(config->brake_customers, <=, CONFIG_BRAKE_CUSTOMERS_MAX);
    g_assert_cmpuint(config->brake_notices, <=, CONFIG_BRAKE_NOTICES_MAX);
    g_assert_cmpuint(config->throttle_per_minute, <=, CONFIG_THROTTLE_MAX);
    g_assert_cmpuint(config->max_change_percent, <=, 100);
    g_assert_cmpint(config->trust[SOURCE_CERTBUND].clients.n > 0, <=, config->trust[SOURCE_CERTBUND].clients.items != NULL);
    for (char **key = config->trust[SOURCE_CERTBUND].keys; *key != NULL; key++)
        g_assert_true(strlen(*key) == CONFIG_SHA1_DIGITS || strlen(*key) == CONFIG_SHA256_DIGITS);
    for (char **recipient = config->recipients; *recipient != NULL; recipient++)
        g_assert_nonnull(strchr(*recipient, '@'));
    g_assert_true(config->mode == MODE_REDIRECT || *config->redirect_to == '\0');
    g_assert_true(config->trust[SOURCE_CERTBUND].require[0] != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Faults) faults = faults_new(), again = faults_new();
    g_autofree char *path = fuzz_file(data, size);
    g_autoptr(Config) config = config_read(path, faults);
    g_autoptr(Config) loaded = config_load(path, again);

    fuzz_check_faults(faults, loaded == NULL);
    fuzz_check_faults(again, loaded == NULL);
    g_assert_cmpuint(faults_count(again), ==, faults_count(faults));
    if (config != NULL) /* faulty keys have kept their defaults */
        check_values(config);
    if (loaded != NULL) {
        config_check_start(loaded, faults);
        fuzz_check_faults(faults, faults_errors(faults) > 0);
    }
    return 0;
}
