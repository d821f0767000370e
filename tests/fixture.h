/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* fixture: a config, customers and the shipped templates in a temporary
 * directory, loaded as the daemon would. */
#ifndef CERTBUND_FIXTURE_H
#define CERTBUND_FIXTURE_H

#include "decision.h"
#include "ledger.h"
#include "secret.h"

/* A new empty directory; remove with fixture_remove(). */
char *fixture_directory(void);
void fixture_remove(char *directory);

/* main() for tests with a working directory of their own, which add() adds: its result.
 * Subprocesses of theirs find the program and the project's files, too. */
int fixture_run_apart(int argc, char **argv, void (*add)(void));

/* Write directory/name. */
void fixture_write(const char *directory, const char *name, const char *text);

/* Write a config (require=client, clients=198.51.100.0/24, the shipped templates,
 * and the further lines of extra, which begin within [templates]) and customers.csv; returns the config's path. */
char *fixture_config(const char *directory, const char *extra, const char *customers);

/* Load it; aborts on a fault. */
Snapshot *fixture_snapshot(const char *directory, const char *extra, const char *customers);

/* All that recording a report takes, with an empty ledger. */
typedef struct {
    char *directory;
    Snapshot *snapshot;
    Secret *secret;
    Ledger *ledger;
} FixtureWorld;
void fixture_set_up(FixtureWorld *world, const char *extra, const char *customers);
void fixture_tear_down(FixtureWorld *world);

/* 198.51.100.25, which clients= has. */
extern const Address fixture_client;

#endif
