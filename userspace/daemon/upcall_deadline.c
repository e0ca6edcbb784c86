// SPDX-License-Identifier: GPL-2.0-only
/* Requests that must not be answered late, see upcall_deadline.h. */

#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "identity/identity.h"
#include "upcall_deadline.h"
#include "log.h"

/* The answer leaves this part of the time, at most so many ms, before the kernel's deadline. */
#define UPCALL_DEADLINE_PART	4
#define UPCALL_DEADLINE_MAX_MS	1000
/* Time between two lines in the log. */
#define UPCALL_DEADLINE_LOG_MS	60000

static struct {
	struct upcall_deadline *first;
	int timer;
	u64 logged;
} lates = { .timer = -1 };

int upcall_deadline_open(void)
{
	lates.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return lates.timer;
}

/* Let the timer expire when the first request is due. */
static void upcall_deadline_arm(void)
{
	struct itimerspec spec = { 0 };
	const struct upcall_deadline *late;
	u64 at = UINT64_MAX;

	for (late = lates.first; late; late = late->next)
		if (late->at < at)
			at = late->at;
	if (lates.first) {
		spec.it_value.tv_sec = (time_t)(at / 1000);
		spec.it_value.tv_nsec = (long)(at % 1000) * 1000000 + 1;
	}
	timerfd_settime(lates.timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void upcall_deadline_unlink(struct upcall_deadline *late)
{
	struct upcall_deadline **link = &lates.first;

	while (*link != late)
		link = &(*link)->next;
	*link = late->next;
	late->listed = false;
}

void upcall_deadline_ready(void *unused)
{
	struct upcall_deadline *late, *next;
	u64 now = clock_ms(), count;

	(void)unused;
	if (read(lates.timer, &count, sizeof(count)) != sizeof(count))
		return;
	for (late = lates.first; late; late = next) {
		next = late->next;
		if (late->at > now)
			continue;
		upcall_deadline_unlink(late);
		late->told = true;
		late->tell(late);
	}
	upcall_deadline_arm();
}

static u64 upcall_deadline_time(u64 now, u64 deadline)
{
	u64 margin = (deadline - now) / UPCALL_DEADLINE_PART;

	return deadline - (margin < UPCALL_DEADLINE_MAX_MS ? margin : UPCALL_DEADLINE_MAX_MS);
}

/* The timer expires too early, and is set again then. */
void upcall_deadline_renew(struct upcall_deadline *late, u64 now, u64 deadline)
{
	if (late->listed)
		late->at = upcall_deadline_time(now, deadline);
}

void upcall_deadline_add(struct upcall_deadline *late, u64 now, u64 deadline)
{
	if (deadline == UINT64_MAX || lates.timer < 0)
		return;
	late->at = upcall_deadline_time(now, deadline);
	late->listed = true;
	late->next = lates.first;
	lates.first = late;
	upcall_deadline_arm();
}

bool upcall_deadline_remove(struct upcall_deadline *late)
{
	if (late->listed)
		upcall_deadline_unlink(late);
	return !late->told;
}

void upcall_deadline_log(const char *what)
{
	char reason[128];
	u64 now = clock_ms();

	if (lates.logged && now < lates.logged + UPCALL_DEADLINE_LOG_MS)
		return;
	lates.logged = now;
	identity_explain_wait(reason, sizeof(reason));
	log_warning("%s is not answered in time: %s", what, reason);
}
