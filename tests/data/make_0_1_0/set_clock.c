/* A clock for one program: LD_PRELOAD this, and the time of day is the number (microseconds since
   1970) in the file that SET_CLOCK names, read at each call. Monotonic clocks and sleeps go on as
   usual. (libfaketime 0.9.10 breaks time.sleep() of Python 3.11 and newer.) */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long microseconds(void)
{
    long long found;
    FILE *file = fopen(getenv("SET_CLOCK"), "r");
    if (file == NULL || fscanf(file, "%lld", &found) != 1)
        abort(); /* the real time would be a wrong one */
    fclose(file);
    return found;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
        return (int) syscall(SYS_clock_gettime, clock, now);
    long long at = microseconds();
    now->tv_sec = at / 1000000;
    now->tv_nsec = at % 1000000 * 1000;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void) zone;
    long long at = microseconds();
    now->tv_sec = at / 1000000;
    now->tv_usec = at % 1000000;
    return 0;
}

time_t time(time_t *now)
{
    time_t at = microseconds() / 1000000;
    if (now != NULL)
        *now = at;
    return at;
}
