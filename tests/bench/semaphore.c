/* SPDX-License-Identifier: MIT */
/*
 * A bare semaphore: what no way from one thread, or process, to another can be
 * faster than on this machine.
 *
 *     semaphore RATE COUNT [--threads]
 *
 * Says the median latency in us, and the CPU of both sides for each post in s, with
 * the poster's waiting for its time, as JSON on stdout.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Posts that are not measured. */
#define WARM_UP 20

typedef struct {
  sem_t semaphore;
  int64_t count;
  int64_t cpu; /* of the side that waits, ns */
  int64_t p50; /* ns */
  /* Of each post, ns: one that was late may be waited for when the next has been
   * made.  Those of the warm-up come first. */
  int64_t posted_at[];
} Shared;

static int64_t
get_time (clockid_t clock)
{
  struct timespec time;

  clock_gettime (clock, &time);
  return time.tv_sec * INT64_C (1000000000) + time.tv_nsec;
}

static int
compare (const void *a, const void *b)
{
  int64_t left = *(const int64_t *) a, right = *(const int64_t *) b;

  return (left > right) - (left < right);
}

static void *
wait_for_all (void *data)
{
  Shared *shared = data;
  int64_t *latencies = calloc (shared->count, sizeof *latencies);
  int64_t cpu = 0;

  for (int64_t i = -WARM_UP; i < shared->count; i++) {
    while (sem_wait (&shared->semaphore) < 0)
      ;
    if (i < 0)
      cpu = get_time (CLOCK_THREAD_CPUTIME_ID);
    else
      latencies[i] =
          get_time (CLOCK_MONOTONIC) - shared->posted_at[WARM_UP + i];
  }
  shared->cpu = get_time (CLOCK_THREAD_CPUTIME_ID) - cpu;
  qsort (latencies, shared->count, sizeof *latencies, compare);
  shared->p50 = latencies[shared->count / 2];
  free (latencies);
  return NULL;
}

/* Returns the CPU that took, ns. */
static int64_t
post_all (Shared *shared, int64_t interval)
{
  int64_t due = get_time (CLOCK_MONOTONIC);
  int64_t cpu = 0;

  for (int64_t i = -WARM_UP; i < shared->count; i++) {
    struct timespec time;

    due += interval;
    time.tv_sec = due / 1000000000;
    time.tv_nsec = due % 1000000000;
    while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0)
      ;
    shared->posted_at[WARM_UP + i] = get_time (CLOCK_MONOTONIC);
    sem_post (&shared->semaphore);
    if (i < 0)
      cpu = get_time (CLOCK_THREAD_CPUTIME_ID);
  }
  return get_time (CLOCK_THREAD_CPUTIME_ID) - cpu;
}

static int64_t
run (Shared *shared, int64_t interval, int threads)
{
  pthread_t thread;
  int64_t cpu;
  pid_t pid;

  sem_init (&shared->semaphore, !threads, 0);
  if (threads) {
    pthread_create (&thread, NULL, wait_for_all, shared);
    cpu = post_all (shared, interval);
    pthread_join (thread, NULL);
    return cpu;
  }
  if ((pid = fork ()) == 0) {
    wait_for_all (shared);
    _exit (0);
  }
  cpu = post_all (shared, interval);
  waitpid (pid, NULL, 0);
  return cpu;
}

static Shared *
new_shared (int64_t count)
{
  size_t size = sizeof (Shared) +
                (WARM_UP + count) * sizeof (((Shared *) 0)->posted_at[0]);
  Shared *shared = mmap (
      NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (shared == MAP_FAILED)
    return NULL;
  shared->count = count;
  return shared;
}

int
main (int argc, char **argv)
{
  Shared *shared;
  int64_t cpu;

  if (argc < 3 || !(shared = new_shared (atoll (argv[2])))) {
    fprintf (stderr, "usage: semaphore RATE COUNT [--threads]\n");
    return 2;
  }
  cpu = run (shared, 1000000000 / atoll (argv[1]), argc > 3);
  printf ("{\"p50\": %f, \"cpu_per_frame\": %.9f}\n", shared->p50 / 1e3,
      (cpu + shared->cpu) / 1e9 / shared->count);
  return 0;
}
