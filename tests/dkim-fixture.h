/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* dkim-fixture: a mail to be signed, its key in DNS, and what dkim.c finds. */
#ifndef CERTBUND_DKIM_FIXTURE_H
#define CERTBUND_DKIM_FIXTURE_H

#include "dkim.h"
#include "dkim-maker.h"
#include "dns-maker.h"

/* A report of certbund@bsi.bund.de; white space and case as c=relaxed may find them. */
extern const char dkim_fixture_mail[];
#define DKIM_FIXTURE_DATE 1739354227 /* its Date */

/* With the default dkim-domains= and this resolver. */
Config *dkim_fixture_config(Resolver *resolver);
void dkim_fixture_config_free(Config *config);

/* Let the resolver answer so for the signature's key; record stands in front of the p=, NULL:
 * v=DKIM1 and k=rsa. */
void dkim_fixture_publish(Resolver *resolver, const MakerSignature *signature,
                          ResolverAnswer answer, const char *record);

void dkim_fixture_examine(const Config *config, const char *mail, Finding *finding_r);

/* Abort unless it is this, and its text begins so. */
void dkim_fixture_check(const Finding *finding, FindingResult result, const char *text);

#endif
