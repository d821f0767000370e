/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* customers-fixture: for tests of customers.csv: a file of it in the working directory, which is
 * one of the test's own (fixture_run_apart()), its faults and who is found in it as text. */
#ifndef CERTBUND_TESTS_CUSTOMERS_FIXTURE_H
#define CERTBUND_TESTS_CUSTOMERS_FIXTURE_H

#include "customers.h"

#define CUSTOMERS_NAME "c.csv"
#define HEADER         "network,customer,email\n"
#define A              "A,a@example.org\n"
#define B              "B,b@example.org\n"

/* What is read from a file with this text; NULL with faults. */
Customers *customers_made(const char *text, gsize length, Faults *faults);

/* The same of a text without any fault. */
Customers *customers_good(const char *text);

/* One line a fault, "" without; of a text, and of a file that has but one and can't be read.
 * Caller frees. */
char *customers_faults(const char *text, gsize length);
char *customers_fault_of_file(const char *path);

/* Who has it, as text: a customer's id and the line, "nobody" or "ambiguous".  what: an address,
 * an account, or "" for neither.  Caller frees. */
char *customers_who(const Customers *customers, const char *what, gint64 earliest, gint64 latest);

#endif
