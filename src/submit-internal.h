/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* submit-internal: the second way of submit.h, a child process. */
#ifndef CERTBUND_SUBMIT_INTERNAL_H
#define CERTBUND_SUBMIT_INTERNAL_H

#include "submit.h"

/* Run `program -i -f sender -- recipients...` with the mail on its standard
 * input; outcomes as submit_mail().  The mail's CRLF line ends become LF. */
gboolean submit_by_sendmail(const char *program, const char *sender, const char *const *recipients,
                            GBytes *mail, SubmitReply *reply_r, GError **error);

#endif
