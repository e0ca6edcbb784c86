// SPDX-License-Identifier: GPL-2.0-only
/* Instantiates the tracepoints of the lock table. */
#define CREATE_TRACE_POINTS
#include "trace.h"
