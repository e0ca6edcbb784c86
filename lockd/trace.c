// SPDX-License-Identifier: GPL-2.0-only
/* The tracepoints of the lock table are here once. */
#define CREATE_TRACE_POINTS
#include "trace.h"
