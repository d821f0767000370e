/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "pgp.h"

void pgp_examine(const Config *config G_GNUC_UNUSED, const SignedPart *part G_GNUC_UNUSED,
                  Finding *finding_r)
{
    finding_set(finding_r, FINDING_FAILED, "not examined");
}
