// SPDX-License-Identifier: GPL-2.0-only
/* Steps that may stall; see step_limit.h. */

#include <time.h>

#include "clock.h"
#include "step_limit.h"

bool step_limit_enter(struct step_limit *s)
{
	u64 until, last = clock_ms() + s->ms + s->ms / 3;
	bool enters, patient = false;
	struct timespec end;

	pthread_mutex_lock(&s->lock);
	while (s->n == s->most) {
		if (!patient && (!s->patient || s->patient < s->most / 2)) {
			patient = true;
			s->patient++;
		}
		until = s->moved + (patient ? s->ms : s->ms / 3);
		if (until > last)
			until = last;
		if (clock_ms() >= until)
			break;
		end.tv_sec = (time_t)(until / 1000);
		end.tv_nsec = (long)(until % 1000) * 1000000;
		pthread_cond_clockwait(&s->left, &s->lock, CLOCK_MONOTONIC, &end);
	}
	s->patient -= patient;
	enters = s->n < s->most;
	if (enters) {
		s->n++;
		s->moved = clock_ms();
	}
	pthread_mutex_unlock(&s->lock);
	return enters;
}

void step_limit_leave(struct step_limit *s)
{
	pthread_mutex_lock(&s->lock);
	s->n--;
	s->moved = clock_ms();
	pthread_cond_signal(&s->left);
	pthread_mutex_unlock(&s->lock);
}
