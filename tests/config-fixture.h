/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* config-fixture: for tests of the config: a file of it in the working directory, which is one of
 * the test's own (fixture_run_apart()), its faults and its fields as text.  What is no fault of the config's is one of the test. */
#ifndef CERTBUND_CONFIG_FIXTURE_H
#define CERTBUND_CONFIG_FIXTURE_H

#include "config-table.h"
#include "config.h"
#include "faults.h"

#define CONFIG_NAME "t.conf"

/* What is read from a file with this text; length -1: up to its NUL.  NULL with faults. */
Config *config_made(const char *text, gssize length, Faults *faults);

/* The same of a text without any fault. */
Config *config_good(const char *text);

/* One line a fault; caller frees. */
char *config_faults(const Faults *faults);

/* The key's field as text: numbers in decimal, lists with ';'.  Caller frees. */
char *config_value(const Config *config, const ConfigKey *key);

/* Does its default depend on where the project is installed? */
gboolean config_is_place(const ConfigKey *key);

/* A file of the project's; caller frees. */
char *config_shipped(const char *folder, const char *name);

#endif
