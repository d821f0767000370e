/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* auth-results: what our own verifying filter wrote down about a mail's DKIM signatures
 * (Authentication-Results, RFC 8601).
 *
 * Proves something only if that filter stands before us, defers mail when it fails, and
 * removes fields that claim to be its own; see certbund-milter.conf(5).  Where the field
 * stands in the header proves nothing. */
#ifndef CERTBUND_AUTH_RESULTS_H
#define CERTBUND_AUTH_RESULTS_H

#include "config.h"
#include "finding.h"
#include "message.h"

void auth_results_examine(const Config *config, Message *message, Finding *finding_r);

#endif
