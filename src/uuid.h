/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* uuid: a name -> its UUID of version 5 (RFC 9562 section 5.5). */
#ifndef CERTBUND_UUID_H
#define CERTBUND_UUID_H

#include <glib.h>

#define UUID_BYTES 16

/* Of name in this name space, in lower case: "2ed6657d-e927-568b-95e1-2665a8aea6a2"; caller
 * frees. */
char *uuid_of_name(const guint8 space[UUID_BYTES], const char *name);

#endif
