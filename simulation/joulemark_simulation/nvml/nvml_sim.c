/* A simulated NVML: one or more GPUs that play a power trace back through the sensors of real cards.
 *
 * The scenario (NVML_SIM_SCENARIO, written by scenario.py) says what the card draws and how its sensors look at
 * it; the shared clock (NVML_SIM_CLOCK, written by clock.py) says what time it is and, when the power follows the
 * test's own work, when that work ran. Every answer is a function of these two files alone, so that all processes
 * that read the card at one instant read the same. Signatures and numbers are those of NVIDIA's public NVML API.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
enum { OK = 0, UNINITIALIZED = 1, INVALID = 2, UNSUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, VERSION_MISMATCH = 25, UNKNOWN = 999 };
enum { MOST_GPUS = 8, MOST_RULES = 256, RING = 120, TEXT = 96 };
enum { NO_CARD = -1 };
enum { FIELD_ENERGY = 83, FIELD_AVERAGE = 185, FIELD_INSTANT = 186, FIELD_MIN = 187 };
enum { FIELD_SMOOTHING = 251, FIELD_SMOOTHING_PROFILE = 264, FIELD_EDPP = 274 };
enum { SCOPE_GPU = 0, SCOPE_MODULE = 1, SCOPE_MEMORY = 2 }; /* NVML_POWER_SCOPE_* */
#define MAGIC INT64_C(0x4a4d4e564d4c3031)
#define NS 1e-9

/* ---- the two files ---------------------------------------------------------------------------------------- */

typedef struct { int64_t t_ns; double watts; } Mark; /* 0 W: the work ended */
typedef struct {
    int64_t magic, real, epoch_ns, set_ns, capacity;
    _Atomic int64_t marks, spent_ns; /* spent_ns has many writers: each call adds what it cost */
    int64_t unix_ns; /* what the calendar said at 0 */
    Mark mark[];
} Shared;

typedef struct {
    double start, end, watts;
    double warm_end;        /* how warm the card is when the load ends, 0 to 1 */
    double joules, seconds; /* of energy and of load before the start */
} Load;
typedef struct { char name[64]; double value, start, end, more; } Rule;
typedef struct { Rule rule[MOST_RULES]; int n; } Rules;
typedef struct Gpu { int index; int64_t step; double joules; bool was_reset; } Gpu;

static struct {
    char name[TEXT], uuid[TEXT], driver[TEXT], nvml[TEXT], vbios[TEXT];
    double gpus, active, activity, seed, cost_sleeps;
    double idle_w, idle_extra_w, decay_s, warm_s;
    double power_period_s, power_window_s, power_phase_s, usage_window_s, average_window_s;
    double counter_supported, counter_period_s, counter_window_s, counter_lag_s, counter_phase_s, counter_uneven;
    double counter_base_mj, counter_reset_s, counter_gain, noise_w, gain, gain_drift_per_s, offset_w;
    double memory_mib, temperature_c, temperature_rise_c, idle_mhz, load_mhz, memory_mhz;
    double limit_w, default_limit_w, min_limit_w, max_limit_w;
    double mig, ecc, persistence, architecture, compute_major, compute_minor, cuda;
    double counter_jitter_s, counter_resolution_mj;
    double profiles_offered, profiles_requested, profiles_enforced, smoothing, smoothing_profile, edpp_percent;
    double memory_share, module_extra_w, module_limit_w, module_default_limit_w;
    double max_sm_mhz, max_memory_mhz, boost_mhz, application_mhz, default_application_mhz, clock_reasons;
    Rules process, throttle, limit, error, cost, answer, pause;
    Load *load;
    int loads, room;
    int64_t marks_seen;
    Gpu gpu[MOST_GPUS];
} S;
static Shared *shared;
static size_t shared_bytes;
static int users;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define KEY(kind, field) {kind, #field, offsetof(__typeof__(S), field)}
#define N(field) KEY(NUMBER, field)
static const struct Key { enum { NUMBER, WORD, RULES } kind; const char *name; size_t at; } KEYS[] = {
    KEY(WORD, name), KEY(WORD, uuid), KEY(WORD, driver), KEY(WORD, nvml), KEY(WORD, vbios),
    KEY(RULES, process), KEY(RULES, throttle), KEY(RULES, limit), KEY(RULES, error), KEY(RULES, cost),
    KEY(RULES, answer), KEY(RULES, pause),
    N(gpus), N(active), N(activity), N(seed), N(cost_sleeps), N(counter_uneven), N(idle_w), N(idle_extra_w), N(decay_s), N(warm_s),
    N(power_period_s), N(power_window_s), N(power_phase_s), N(usage_window_s), N(average_window_s),
    N(counter_supported), N(counter_period_s), N(counter_window_s), N(counter_lag_s), N(counter_phase_s),
    N(counter_base_mj), N(counter_reset_s), N(counter_gain), N(noise_w), N(gain), N(gain_drift_per_s), N(offset_w),
    N(memory_mib), N(temperature_c), N(temperature_rise_c), N(idle_mhz), N(load_mhz), N(memory_mhz), N(limit_w),
    N(default_limit_w), N(min_limit_w), N(max_limit_w), N(mig), N(ecc), N(persistence), N(architecture),
    N(compute_major), N(compute_minor), N(cuda), N(counter_jitter_s), N(counter_resolution_mj),
    N(profiles_offered), N(profiles_requested), N(profiles_enforced), N(smoothing), N(smoothing_profile), N(edpp_percent),
    N(memory_share), N(module_extra_w), N(module_limit_w), N(module_default_limit_w), N(max_sm_mhz), N(max_memory_mhz),
    N(boost_mhz), N(application_mhz), N(default_application_mhz), N(clock_reasons),
};

/* ---- what the card draws ---------------------------------------------------------------------------------- */

/* The last load that began at or before t, or NULL. */
static const Load *load_at(double t) {
    int low = 0, high = S.loads;
    while (low < high) {
        int middle = (low + high) / 2;
        if (S.load[middle].start <= t) low = middle + 1; else high = middle;
    }
    return low ? &S.load[low - 1] : NULL;
}

/* Warmth rises towards 1 under load (at once when warm_s is 0) and decays after it: leakage of a warm card. */
static double warmth(double t) {
    const Load *load = load_at(t);
    if (!load) return 0;
    if (t >= load->end) return load->warm_end * exp(-(t - load->end) / S.decay_s);
    if (S.warm_s <= 0) return 1;
    double before = load == S.load ? 0 : load[-1].warm_end * exp(-(load->start - load[-1].end) / S.decay_s);
    return 1 - (1 - before) * exp(-(t - load->start) / S.warm_s);
}

/* Energy from 0 to t in joules, in closed form; before 0 the card idles, cold. */
static double energy(double t) {
    const Load *load = load_at(t);
    if (!load) return S.idle_w * t;
    if (t <= load->end) return load->joules + load->watts * (t - load->start);
    double after = t - load->end, warm = S.idle_extra_w * load->warm_end * S.decay_s;
    return load->joules + load->watts * (load->end - load->start) + S.idle_w * after
        - warm * expm1(-after / S.decay_s);
}

/* Seconds under load from 0 to t. */
static double busy(double t) {
    const Load *load = load_at(t);
    return load ? load->seconds + fmin(t, load->end) - load->start : 0;
}

/* Ends the last load; one that ended as it began was none. */
static void end_load(double t) {
    Load *last = &S.load[S.loads - 1];
    double warm = warmth(t); /* as under load: its end is not known yet */
    if (t > last->start) last->end = t, last->warm_end = warm; else S.loads--;
}

static bool add_load(double start, double end, double watts) {
    if (S.loads == S.room) {
        S.room = S.room ? 2 * S.room : 64;
        Load *more = realloc(S.load, (size_t)S.room * sizeof *more);
        if (!more) return false;
        S.load = more;
    }
    Load load = {start, INFINITY, watts, 0, energy(start), busy(start)};
    S.load[S.loads++] = load;
    if (isfinite(end)) end_load(end);
    return true;
}

/* Take in what the test marked since the last call. A mark may arrive a moment after its own time: a counter that had
 * passed that time begins again from the whole list, so that every process comes to the same sum. */
static void take_marks(void) {
    int64_t there = atomic_load(&shared->marks);
    if (!S.activity || there == S.marks_seen) return;
    double first = (double)shared->mark[S.marks_seen].t_ns * NS;
    for (; S.marks_seen < there; S.marks_seen++) {
        const Mark *mark = &shared->mark[S.marks_seen];
        double t = (double)mark->t_ns * NS;
        Load *last = S.loads ? &S.load[S.loads - 1] : NULL;
        if (last && isinf(last->end)) end_load(t);
        if (mark->watts > 0) add_load(t, INFINITY, mark->watts);
    }
    for (int i = 0; i < S.gpus; i++)
        if ((double)S.gpu[i].step * S.counter_period_s + S.counter_phase_s + S.counter_jitter_s > first)
            S.gpu[i] = (Gpu){.index = i};
}

/* ---- how its sensors look at it --------------------------------------------------------------------------- */

/* A number between 0 and 1 that depends on the seed and k only (splitmix64). */
static double chance(int64_t k) {
    uint64_t x = (uint64_t)S.seed * 0xD1B54A32D192ED03u + (uint64_t)k * 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return ((double)((x ^ (x >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

/* A standard normal number, likewise (Box and Muller). */
static double gauss(int64_t k) {
    return sqrt(-2 * log(chance(2 * k + 1))) * cos(2 * M_PI * chance(2 * k + 2));
}

/* What the sensor says of the window that ends at `end`: mean power, times gain, plus offset and noise (less in long windows). */
static double sensed(const Gpu *gpu, double end, double window, double period, int64_t k) {
    double mean = gpu->index == (int)S.active ? (energy(end) - energy(end - window)) / window : S.idle_w;
    int64_t draw = k + ((int64_t)gpu->index << 32); /* each card has noise of its own */
    double noise = S.noise_w > 0 ? S.noise_w * sqrt(fmin(1, period / window)) * gauss(draw) : 0;
    return fmax(0, mean * (S.gain + S.gain_drift_per_s * end) + S.offset_w + noise);
}

/* How many whole periods have passed: in integers, so that 0.3 s is the third tick of 0.1 s. */
static int64_t steps(double t, double period, double phase) {
    int64_t ns = llround((t - phase) / NS), of = llround(period / NS);
    return ns >= 0 ? ns / of : -1 - (-1 - ns) / of;
}

static double power(const Gpu *gpu, double t, double window) {
    int64_t k = steps(t, S.power_period_s, S.power_phase_s);
    return sensed(gpu, (double)k * S.power_period_s + S.power_phase_s, window, S.power_period_s, k);
}

/* When the counter makes step k: once a period, and by chance up to half of its jitter before or after. */
static double step_at(int64_t k) {
    double grid = (double)k * S.counter_period_s + S.counter_phase_s;
    return S.counter_jitter_s > 0 ? grid + S.counter_jitter_s * (chance(k ^ INT64_C(0x5a5a5a5a)) - 0.5) : grid;
}
static int64_t step_of(double t) {
    int64_t k = steps(t, S.counter_period_s, S.counter_phase_s);
    if (S.counter_jitter_s <= 0) return k;
    while (step_at(k + 1) <= t) k++;
    while (step_at(k) > t) k--;
    return k;
}

/* Each step adds (sensed power) x (time since the step before). A window of one period makes the sum exact (full), a
 * shorter one sees a part of the time only, a longer one blurs; the lag moves the window into the past. The steps of an
 * uneven counter are told up to so many of its periods late, less than one. A counter that pauses tells its count later,
 * and one of a coarse resolution tells whole multiples of it. */
static uint64_t counter_mj(Gpu *gpu, double t) {
    for (int i = 0; i < S.pause.n; i++)
        if (S.pause.rule[i].start <= t && t < S.pause.rule[i].end) t = S.pause.rule[i].start;
    int64_t now = step_of(t);
    double since = t - step_at(now);
    if (S.counter_uneven > 0 && since < S.counter_uneven * chance(now) * S.counter_period_s) now--;
    bool whole = S.counter_window_s == S.counter_period_s;
    while (gpu->step < now) {
        double at = step_at(++gpu->step), passed = at - step_at(gpu->step - 1);
        bool jitters = S.counter_jitter_s > 0;
        gpu->joules += (jitters ? passed : S.counter_period_s) * S.counter_gain
            * sensed(gpu, at - S.counter_lag_s, jitters && whole ? passed : S.counter_window_s, S.counter_period_s, gpu->step);
        if (!gpu->was_reset && at >= S.counter_reset_s) gpu->joules = 0, gpu->was_reset = true;
    }
    /* half a microjoule up: a whole millijoule that the sum missed by rounding counts as one */
    uint64_t mj = (uint64_t)(gpu->joules * 1000 + 5e-4) + (gpu->was_reset ? 0 : (uint64_t)S.counter_base_mj);
    uint64_t coarse = (uint64_t)S.counter_resolution_mj;
    return coarse > 1 ? mj - mj % coarse : mj;
}

/* ---- clock, rules, files ---------------------------------------------------------------------------------- */

static int64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double now_s(void) {
    if (shared->real) return (double)(monotonic_ns() - shared->epoch_ns) * NS;
    return (double)(*(volatile int64_t *)&shared->set_ns + atomic_load(&shared->spent_ns)) * NS;
}

static void spend(double seconds) {
    int64_t ns = llround(seconds / NS);
    if (ns <= 0) return;
    if (!shared->real) { atomic_fetch_add(&shared->spent_ns, ns); return; }
    if (S.cost_sleeps > 0) {
        struct timespec pause = {ns / 1000000000, ns % 1000000000};
        nanosleep(&pause, NULL);
        return;
    }
    for (int64_t until = monotonic_ns() + ns; monotonic_ns() < until;) {} /* a driver call keeps its core busy too */
}

static const Rule *rule_at(const Rules *rules, const char *name, double t) {
    for (int i = 0; i < rules->n; i++) {
        const Rule *rule = &rules->rule[i];
        bool named = !strcmp(rule->name, name) || !strcmp(rule->name, "*");
        if (named && rule->start <= t && t < rule->end) return rule;
    }
    return NULL;
}

/* The same for errors and answers, whose last number is the card that they are of, or -1 for all. */
static const Rule *rule_of(const Rules *rules, const char *name, double t, int card) {
    for (int i = 0; i < rules->n; i++) {
        const Rule *rule = &rules->rule[i];
        bool named = !strcmp(rule->name, name) || !strcmp(rule->name, "*");
        if (named && (rule->more < 0 || rule->more == card) && rule->start <= t && t < rule->end) return rule;
    }
    return NULL;
}

/* What a function answers instead of the truth, by `answer NAME KIND start end CARD`. */
enum { ZEROS = 0, ONES = 1, STUCK = 2, BACKWARDS = 3, GARBAGE = 4, MOST_STUCK = 64 };
static struct { char name[64]; int index; size_t size; unsigned char was[64]; uint64_t calls; } stuck[MOST_STUCK];
static int stucks;

static void spoil_bytes(const char *name, int index, int kind, unsigned char *out, size_t size) {
    int n = 0;
    while (n < stucks && (strcmp(stuck[n].name, name) || stuck[n].index != index || stuck[n].size != size)) n++;
    if (n == MOST_STUCK || size > sizeof stuck[0].was) return;
    if (n == stucks) {
        snprintf(stuck[n].name, sizeof stuck[n].name, "%s", name);
        stuck[n].index = index, stuck[n].size = size, stucks++;
        memcpy(stuck[n].was, out, size);
    }
    uint64_t call = ++stuck[n].calls, value = 0;
    for (size_t i = 0; i < size; i++) {
        uint64_t x = (call * 64 + i + (uint64_t)S.seed) * 0x9E3779B97F4A7C15u;
        out[i] = kind == ZEROS ? 0 : kind == ONES ? 0xff : kind == GARBAGE ? (unsigned char)(x >> 56) : stuck[n].was[i];
    }
    if (kind != BACKWARDS || size > sizeof value) return;
    memcpy(&value, out, size);
    value -= call * 1000; /* wraps below 0, as a counter that is no counter does */
    memcpy(out, &value, size);
}

static int forced_error(const char *name, double t, int card) {
    const Rule *rule = rule_of(&S.error, name, t, card);
    return rule ? (int)rule->value : OK;
}

static bool read_rule(const char *text, Rules *rules) {
    if (rules->n == MOST_RULES) return false;
    Rule *r = &rules->rule[rules->n++];
    return sscanf(text, "%63s %lf %lf %lf %lf", r->name, &r->value, &r->start, &r->end, &r->more) == 5;
}

static bool read_line(char *line) {
    char word[64];
    int used = 0;
    double start, end, watts;
    line[strcspn(line, "\n")] = 0;
    if (sscanf(line, "%63s %n", word, &used) != 1) return true; /* an empty line */
    const char *rest = line + used;
    for (const struct Key *key = KEYS; key < KEYS + sizeof KEYS / sizeof *KEYS; key++) {
        if (strcmp(key->name, word)) continue;
        void *place = (char *)&S + key->at;
        if (key->kind == NUMBER) return sscanf(rest, "%lf", (double *)place) == 1;
        if (key->kind == WORD) return snprintf(place, TEXT, "%s", rest) < TEXT;
        return read_rule(rest, place);
    }
    return !strcmp(word, "load") && sscanf(rest, "%lf %lf %lf", &start, &end, &watts) == 3
        && add_load(start, end, watts);
}

static bool read_scenario(void) {
    const char *path = getenv("NVML_SIM_SCENARIO");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[512];
    bool good = file;
    while (good && fgets(line, sizeof line, file)) good = read_line(line);
    if (file) fclose(file);
    if (!good) fprintf(stderr, "nvml_sim: NVML_SIM_SCENARIO is missing or not readable%s\n", file ? " at a line" : "");
    return good && S.gpus >= 0 && S.gpus <= MOST_GPUS;
}

static bool map_clock(void) {
    const char *path = getenv("NVML_SIM_CLOCK");
    struct stat info;
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file >= 0 && !fstat(file, &info) && (size_t)info.st_size >= sizeof *shared) {
        shared_bytes = (size_t)info.st_size;
        shared = mmap(NULL, shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (shared == MAP_FAILED) shared = NULL;
    }
    if (file >= 0) close(file);
    if (!shared || shared->magic != MAGIC) fprintf(stderr, "nvml_sim: NVML_SIM_CLOCK is missing or no clock\n");
    return shared && shared->magic == MAGIC;
}

static void forget(void) {
    free(S.load);
    memset(&S, 0, sizeof S);
    stucks = 0;
    if (shared) munmap(shared, shared_bytes);
    shared = NULL;
}

static void spoil(const char *name, const Gpu *gpu, double t, void *out, size_t size) {
    int card = gpu ? gpu->index : NO_CARD;
    const Rule *rule = rule_of(&S.answer, name, t, card);
    if (rule) spoil_bytes(name, card, (int)rule->value, out, size);
}

/* A program's record of which functions are called, a name a line: NVML_SIM_CALLS. */
static void note_call(const char *name) {
    const char *path = getenv("NVML_SIM_CALLS");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) fprintf(file, "%s\n", name), fclose(file);
}

/* ---- entering and leaving a call -------------------------------------------------------------------------- */

/* Half of a call's cost lies before the sensor is read and half after it. */
static int enter(const char *name, int card, bool device_ok, double *t, double *cost) {
    pthread_mutex_lock(&lock);
    note_call(name);
    *cost = 0;
    if (!users) return UNINITIALIZED;
    const Rule *rule = rule_at(&S.cost, name, 0);
    *cost = rule ? rule->value : 0;
    spend(*cost / 2);
    *t = now_s();
    take_marks();
    return device_ok ? forced_error(name, *t, card) : INVALID;
}

static int leave(int answer, double cost) {
    if (users) spend(cost / 2);
    pthread_mutex_unlock(&lock);
    return answer;
}

static bool known(const Gpu *gpu) { return gpu >= S.gpu && gpu < S.gpu + (int)S.gpus; }

/* The body of an entry point: `answer` may be set to an error, `t` is the time, `cost` what the call takes. */
#define ANSWER_OF(card, valid, ...) { \
    double t = 0, cost = 0; \
    int answer = enter(__func__, card, valid, &t, &cost); \
    if (answer == OK) { __VA_ARGS__; } \
    (void)t; \
    return leave(answer, cost); \
}
#define ANSWER(valid, ...) ANSWER_OF(NO_CARD, valid, __VA_ARGS__)
#define OF_CARD(valid, ...) ANSWER_OF(known(gpu) ? gpu->index : NO_CARD, known(gpu) && (valid), __VA_ARGS__)
#define SPOIL(out) spoil(__func__, gpu, t, out, sizeof *(out))
#define OF_GPU(name, type, ...) EXPORT int name(Gpu *gpu, type *out) OF_CARD(out, __VA_ARGS__; SPOIL(out))
#define TEXT_OF(gpu, word) answer = snprintf(out, size, "%s", word) < (int)size ? OK : TOO_SMALL; \
    spoil(__func__, gpu, t, out, size < TEXT / 2 ? size : TEXT / 2)

/* ---- the library and its cards ---------------------------------------------------------------------------- */

EXPORT int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    pthread_mutex_lock(&lock);
    int answer = OK;
    if (!users) {
        bool ready = read_scenario() && map_clock();
        answer = ready ? forced_error("nvmlInit", now_s(), NO_CARD) : UNKNOWN;
        if (answer != OK) forget();
        for (int i = 0; i < S.gpus; i++) S.gpu[i].index = i;
    }
    users += answer == OK;
    pthread_mutex_unlock(&lock);
    return answer;
}
EXPORT int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
EXPORT int nvmlShutdown(void) {
    pthread_mutex_lock(&lock);
    int answer = users ? OK : UNINITIALIZED;
    if (users && --users == 0) forget();
    pthread_mutex_unlock(&lock);
    return answer;
}
EXPORT const char *nvmlErrorString(int code) {
    static const struct { int code; const char *text; } TEXTS[] = {
        {0, "Success"}, {1, "Uninitialized"}, {2, "Invalid Argument"}, {3, "Not Supported"},
        {4, "Insufficient Permissions"}, {6, "Not Found"}, {7, "Insufficient Size"}, {9, "Driver Not Loaded"},
        {10, "Timeout"}, {15, "GPU is lost"}, {18, "Driver/library version mismatch"},
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
        if (TEXTS[i].code == code) return TEXTS[i].text;
    return "Unknown Error";
}
EXPORT int nvmlSystemGetDriverVersion(char *out, unsigned size) ANSWER(out, TEXT_OF(NULL, S.driver))
EXPORT int nvmlSystemGetNVMLVersion(char *out, unsigned size) ANSWER(out, TEXT_OF(NULL, S.nvml))
EXPORT int nvmlSystemGetCudaDriverVersion(int *out) ANSWER(out, *out = (int)S.cuda)
EXPORT int nvmlDeviceGetCount_v2(unsigned *out) ANSWER(out, *out = (unsigned)S.gpus; spoil(__func__, NULL, t, out, sizeof *out))

/* Card 0 has the scenario's UUID and PCI bus 1; each further card counts up the last digit and the bus. */
static char *uuid_of(const Gpu *gpu, char text[TEXT]) {
    snprintf(text, TEXT, "%s", S.uuid);
    if (*text) text[strlen(text) - 1] = (char)(text[strlen(text) - 1] + gpu->index);
    return text;
}
static char *bus_of(const Gpu *gpu, char text[TEXT]) {
    snprintf(text, TEXT, "00000000:%02X:00.0", (unsigned)gpu->index + 1);
    return text;
}
static int find(const char *wanted, char *(*word)(const Gpu *, char *), Gpu **out) {
    char text[TEXT];
    for (int i = 0; i < S.gpus; i++)
        if (!strcasecmp(word(&S.gpu[i], text), wanted)) { *out = &S.gpu[i]; return OK; }
    return NOT_FOUND;
}
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, Gpu **out)
    ANSWER_OF((int)index, out && index < (unsigned)S.gpus, *out = &S.gpu[index])
EXPORT int nvmlDeviceGetHandleByUUID(const char *uuid, Gpu **out) ANSWER(uuid && out, answer = find(uuid, uuid_of, out))
EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char *bus, Gpu **out)
    ANSWER(bus && out, answer = find(bus, bus_of, out))
OF_GPU(nvmlDeviceGetIndex, unsigned, *out = (unsigned)gpu->index)
EXPORT int nvmlDeviceGetName(Gpu *gpu, char *out, unsigned size) OF_CARD(out, TEXT_OF(gpu, S.name))
EXPORT int nvmlDeviceGetUUID(Gpu *gpu, char *out, unsigned size)
    OF_CARD(out, char word[TEXT]; TEXT_OF(gpu, uuid_of(gpu, word)))
EXPORT int nvmlDeviceGetSerial(Gpu *gpu, char *out, unsigned size)
    OF_CARD(out && size, answer = UNSUPPORTED)
EXPORT int nvmlDeviceGetVbiosVersion(Gpu *gpu, char *out, unsigned size) OF_CARD(out, TEXT_OF(gpu, S.vbios))

typedef struct { char legacy[16]; unsigned domain, bus, device, id, subsystem; char text[32]; } Pci;
OF_GPU(nvmlDeviceGetPciInfo_v3, Pci, {
    char word[TEXT];
    memset(out, 0, sizeof *out);
    out->bus = (unsigned)gpu->index + 1, out->id = 0x20B210DE;
    memcpy(out->text, bus_of(gpu, word), strlen(bus_of(gpu, word)));
    memcpy(out->legacy, out->text + 4, strlen(out->text + 4)); /* the old form has a domain of four digits */
})

/* ---- its state -------------------------------------------------------------------------------------------- */

static bool loaded(const Gpu *gpu, double t) {
    const Load *load = load_at(t);
    return gpu->index == (int)S.active && load && t < load->end;
}
static double warm(const Gpu *gpu, double t) { return gpu->index == (int)S.active ? warmth(t) : 0; }
static double limit_w(double t) {
    const Rule *rule = rule_at(&S.limit, "limit", t);
    return rule ? rule->value : S.limit_w;
}
static uint64_t used_bytes(double t) {
    double mib = 512; /* what the driver keeps for itself */
    for (int i = 0; i < S.process.n; i++)
        if (S.process.rule[i].start <= t && t < S.process.rule[i].end) mib += S.process.rule[i].more;
    return (uint64_t)mib << 20;
}
typedef struct { uint64_t total, free, used; } Memory;
OF_GPU(nvmlDeviceGetMemoryInfo, Memory, out->total = (uint64_t)S.memory_mib << 20; out->used = used_bytes(t);
       out->free = out->total - out->used)
OF_GPU(nvmlDeviceGetPersistenceMode, int, *out = (int)S.persistence)
OF_GPU(nvmlDeviceGetComputeMode, int, *out = 0)
OF_GPU(nvmlDeviceGetC2cModeInfoV, void, answer = UNSUPPORTED) /* no Grace processor beside it */
OF_GPU(nvmlDeviceGetArchitecture, unsigned, *out = (unsigned)S.architecture)
EXPORT int nvmlDeviceGetCudaComputeCapability(Gpu *gpu, int *major, int *minor)
    OF_CARD(major && minor, *major = (int)S.compute_major; *minor = (int)S.compute_minor;
           SPOIL(major); SPOIL(minor))
EXPORT int nvmlDeviceGetMigMode(Gpu *gpu, unsigned *current, unsigned *pending)
    OF_CARD(current && pending,
           if (S.mig < 0) answer = UNSUPPORTED; else *current = *pending = (unsigned)S.mig; SPOIL(current))
EXPORT int nvmlDeviceGetEccMode(Gpu *gpu, unsigned *current, unsigned *pending)
    OF_CARD(current && pending,
           if (S.ecc < 0) answer = UNSUPPORTED; else *current = *pending = (unsigned)S.ecc; SPOIL(current))

EXPORT int nvmlDeviceGetTemperature(Gpu *gpu, int sensor, unsigned *out)
    OF_CARD(out && sensor == 0, *out = (unsigned)(S.temperature_c + S.temperature_rise_c * warm(gpu, t)); SPOIL(out))
typedef struct { unsigned version, sensor; int celsius; } Temperature;
OF_GPU(nvmlDeviceGetTemperatureV, Temperature,
       out->celsius = (int)(S.temperature_c + S.temperature_rise_c * warm(gpu, t)))
EXPORT int nvmlDeviceGetClockInfo(Gpu *gpu, int type, unsigned *out) /* 2 is the memory's clock */
    OF_CARD(out && type >= 0 && type <= 3,
           *out = (unsigned)(type == 2 ? S.memory_mhz : loaded(gpu, t) ? S.load_mhz : S.idle_mhz); SPOIL(out))
static uint64_t reasons(const Gpu *gpu, double t) {
    uint64_t all = loaded(gpu, t) ? 0 : 1; /* 1: the GPU idles */
    for (int i = 0; i < S.throttle.n; i++)
        if (S.throttle.rule[i].start <= t && t < S.throttle.rule[i].end) all |= (uint64_t)S.throttle.rule[i].value;
    return all;
}
OF_GPU(nvmlDeviceGetCurrentClocksThrottleReasons, uint64_t, *out = reasons(gpu, t))
OF_GPU(nvmlDeviceGetCurrentClocksEventReasons, uint64_t, *out = reasons(gpu, t))
OF_GPU(nvmlDeviceGetSupportedClocksEventReasons, uint64_t, *out = (uint64_t)S.clock_reasons)
EXPORT int nvmlDeviceGetMaxClockInfo(Gpu *gpu, int type, unsigned *out)
    OF_CARD(out && type >= 0 && type <= 3, *out = (unsigned)(type == 2 ? S.max_memory_mhz : S.max_sm_mhz);
            if (!*out) answer = UNSUPPORTED; SPOIL(out))
EXPORT int nvmlDeviceGetMaxCustomerBoostClock(Gpu *gpu, int type, unsigned *out)
    OF_CARD(out && type >= 0 && type <= 3, *out = (unsigned)S.boost_mhz; if (!*out) answer = UNSUPPORTED; SPOIL(out))
EXPORT int nvmlDeviceGetApplicationsClock(Gpu *gpu, int type, unsigned *out)
    OF_CARD(out && type >= 0 && type <= 3, *out = (unsigned)S.application_mhz; if (!*out) answer = UNSUPPORTED; SPOIL(out))
EXPORT int nvmlDeviceGetDefaultApplicationsClock(Gpu *gpu, int type, unsigned *out)
    OF_CARD(out && type >= 0 && type <= 3, *out = (unsigned)S.default_application_mhz;
            if (!*out) answer = UNSUPPORTED; SPOIL(out))
/* nvmlWorkloadPowerProfileCurrentProfiles_v1_t: three masks of 255 profiles, of which the scenario has the first 53. */
enum { PROFILES_V1 = 0x1000064 };
typedef struct { unsigned version, offered[8], requested[8], enforced[8]; } Profiles;
static void set_mask(unsigned mask[8], double bits) {
    memset(mask, 0, 8 * sizeof *mask);
    mask[0] = (unsigned)((uint64_t)bits & UINT32_MAX), mask[1] = (unsigned)((uint64_t)bits >> 32);
}
EXPORT int nvmlDeviceWorkloadPowerProfileGetCurrentProfiles(Gpu *gpu, Profiles *out)
    OF_CARD(out, {
        if (out->version != PROFILES_V1) answer = VERSION_MISMATCH;
        else if (S.profiles_offered < 0) answer = UNSUPPORTED;
        else set_mask(out->offered, S.profiles_offered), set_mask(out->requested, S.profiles_requested),
             set_mask(out->enforced, S.profiles_enforced);
    })
typedef struct { unsigned gpu, memory; } Utilization;
OF_GPU(nvmlDeviceGetUtilizationRates, Utilization,
       out->gpu = gpu->index == (int)S.active ? (unsigned)lround(100 * (busy(t) - busy(t - 1))) : 0;
       out->memory = out->gpu / 2)

typedef struct { unsigned pid; uint64_t bytes; unsigned gpu_instance, compute_instance; } Process;
/* `kind` is 0 for compute and 1 for graphics; all of them run on the active card. */
static int processes(const Gpu *gpu, double t, const char *kind, unsigned *count, Process *out) {
    unsigned n = 0, room = *count;
    for (int i = 0; i < S.process.n && gpu->index == (int)S.active; i++) {
        const Rule *rule = &S.process.rule[i];
        if (strcmp(rule->name, kind) || t < rule->start || t >= rule->end) continue;
        if (out && n < room)
            out[n] = (Process){(unsigned)rule->value, (uint64_t)rule->more << 20, UINT32_MAX, UINT32_MAX};
        n++;
    }
    *count = n;
    return n && (!out || n > room) ? TOO_SMALL : OK;
}
#define PROCESSES(name, kind) EXPORT int name(Gpu *gpu, unsigned *count, Process *out) \
    OF_CARD(count, answer = processes(gpu, t, kind, count, out); SPOIL(count))
PROCESSES(nvmlDeviceGetComputeRunningProcesses_v3, "compute")
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3, "graphics")

/* ---- its power and energy --------------------------------------------------------------------------------- */

static unsigned mw(double watts) { return (unsigned)lround(watts * 1000); }
OF_GPU(nvmlDeviceGetPowerManagementLimit, unsigned, *out = mw(limit_w(t)))
OF_GPU(nvmlDeviceGetEnforcedPowerLimit, unsigned, *out = mw(limit_w(t)))
OF_GPU(nvmlDeviceGetPowerManagementDefaultLimit, unsigned, *out = mw(S.default_limit_w))
EXPORT int nvmlDeviceGetPowerManagementLimitConstraints(Gpu *gpu, unsigned *least, unsigned *most)
    OF_CARD(least && most, *least = mw(S.min_limit_w); *most = mw(S.max_limit_w); SPOIL(least))
OF_GPU(nvmlDeviceGetPowerUsage, unsigned, *out = mw(power(gpu, t, S.usage_window_s)))
OF_GPU(nvmlDeviceGetTotalEnergyConsumption, uint64_t,
       if (S.counter_supported) *out = counter_mj(gpu, t); else answer = UNSUPPORTED)

typedef union { double d; unsigned u; unsigned long long ull; } Value;
static int64_t stamp_us(double t) { return shared->unix_ns / 1000 + llround(t * 1e6); }
typedef struct { unsigned field, scope; int64_t stamp_us, latency_us; unsigned type; int answer; Value value; } Field;

/* The energy field fails where the function of the same meaning is made to fail. */
#define ENERGY "nvmlDeviceGetTotalEnergyConsumption"
/* Power and limits of the module that a GPU shares with a processor, and of its memory alone. */
static int scoped(const Gpu *gpu, double t, Field *out) {
    double watts = power(gpu, t, S.power_window_s);
    bool memory = out->scope == SCOPE_MEMORY && S.memory_share > 0 && out->field == FIELD_INSTANT;
    bool module = out->scope == SCOPE_MODULE && S.module_extra_w >= 0;
    if (memory) out->value.u = mw(watts * S.memory_share);
    else if (module && out->field == FIELD_INSTANT) out->value.u = mw(watts + S.module_extra_w);
    else if (module && out->field == FIELD_MIN + 2) out->value.u = mw(S.module_default_limit_w);
    else if (module && out->field == FIELD_MIN + 3) out->value.u = mw(S.module_limit_w);
    else return UNSUPPORTED;
    return forced_error(memory ? "POWER_MEMORY" : "POWER_MODULE", t, gpu->index);
}

static int field(Gpu *gpu, double t, Field *out) {
    const double limits[] = {S.min_limit_w, S.max_limit_w, S.default_limit_w, limit_w(t)};
    unsigned id = out->field;
    out->type = id == FIELD_ENERGY ? 3 : 1;
    if (out->scope) return scoped(gpu, t, out);
    const double controls[] = {S.smoothing, S.smoothing_profile, S.edpp_percent};
    int control = id == FIELD_SMOOTHING ? 0 : id == FIELD_SMOOTHING_PROFILE ? 1 : id == FIELD_EDPP ? 2 : -1;
    if (control >= 0) {
        out->value.u = (unsigned)controls[control];
        return controls[control] < 0 ? UNSUPPORTED : OK;
    }
    if (id == FIELD_ENERGY) {
        if (!S.counter_supported) return UNSUPPORTED;
        int forced = forced_error(ENERGY, t, gpu->index);
        if (forced == OK) out->value.ull = counter_mj(gpu, t), spoil(ENERGY, gpu, t, &out->value.ull, sizeof out->value.ull);
        return forced;
    }
    if (id == FIELD_AVERAGE && S.average_window_s > 0) out->value.u = mw(power(gpu, t, S.average_window_s));
    else if (id == FIELD_INSTANT) out->value.u = mw(power(gpu, t, S.power_window_s));
    else if (id >= FIELD_MIN && id < FIELD_MIN + 4) out->value.u = mw(limits[id - FIELD_MIN]);
    else return UNSUPPORTED;
    const char *name = id == FIELD_AVERAGE ? "POWER_AVERAGE" : id == FIELD_INSTANT ? "POWER_INSTANT" : "";
    spoil(name, gpu, t, &out->value.u, sizeof out->value.u);
    return forced_error(name, t, gpu->index);
}
EXPORT int nvmlDeviceGetFieldValues(Gpu *gpu, int count, Field *out)
    OF_CARD(count > 0 && out, for (int i = 0; i < count; i++) {
        out[i].stamp_us = stamp_us(t), out[i].latency_us = (int64_t)(cost * 1e6);
        out[i].answer = field(gpu, t, &out[i]);
        SPOIL(&out[i].stamp_us); /* the stamp, type and answer too: a whole field is nonsense then */
        SPOIL(&out[i].type);
        SPOIL(&out[i].value);
    })

typedef struct { uint64_t stamp_us; Value value; } Sample;
EXPORT int nvmlDeviceGetSamples(Gpu *gpu, int kind, uint64_t after_us, unsigned *type, unsigned *count, Sample *out)
    OF_CARD(type && count, {
        int64_t last = steps(t, S.power_period_s, S.power_phase_s);
        unsigned n = 0, room = *count;
        *type = 1, *count = RING;
        if (kind != 0) answer = UNSUPPORTED;
        for (int64_t k = last - RING + 1; answer == OK && out && k <= last; k++) {
            double at = (double)k * S.power_period_s + S.power_phase_s;
            if (k < 0 || (uint64_t)stamp_us(at) <= after_us || n == room) continue;
            out[n].stamp_us = (uint64_t)stamp_us(at), out[n].value.ull = 0;
            out[n++].value.u = mw(sensed(gpu, at, S.power_window_s, S.power_period_s, k));
        }
        if (answer == OK && out) *count = n, answer = n ? OK : NOT_FOUND;
        SPOIL(type);
        if (!out || !n) SPOIL(count); /* never more than there is room for */
        for (unsigned i = 0; out && i < n; i++) SPOIL(&out[i].stamp_us), SPOIL(&out[i].value);
    })
