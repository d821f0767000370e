/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* fuzz: what the fuzzing targets (fuzz-NAME.c) share.
 *
 * A target takes any bytes, hands them to one reader as the outside would, and asserts what
 * must hold whatever they are.  libFuzzer calls it with bytes it makes up (make fuzz),
 * replay.c with the files of seeds/NAME and crashers/NAME (make check). */
#ifndef CERTBUND_TESTS_FUZZ_H
#define CERTBUND_TESTS_FUZZ_H

#include "faults.h"
#include "table.h"

#include <stddef.h>
#include <stdint.h>

/* The target; libFuzzer's name and types for it.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* message_init(), once. */
void fuzz_messages(void);

/* The path of a file with these bytes, until the next call; never on a disk.  The same
 * path each time; caller frees. */
char *fuzz_file(const uint8_t *data, size_t size);

/* errors: NULL was returned.  Each fault is one line of UTF-8, and there is an error if and
 * only if the loader gave nothing. */
void fuzz_check_faults(const Faults *faults, gboolean errors);

/* An error of the input, with a text, if and only if nothing was returned. */
void fuzz_check_error(const GError *error, gconstpointer result);

/* Written and read again, every cell is the same. */
void fuzz_check_table(const Table *table);

#endif
