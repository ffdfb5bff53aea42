"""The cards that can be simulated: A100, H100, V100 and GA102, with the sensors that they are known to have.

A power reading of GA100 and later data-centre cards is a window of 25 ms every 100 ms; on Ampere other than GA100 and
on later cards `nvmlDeviceGetPowerUsage` is a mean of 1 s; the energy counter steps every 100 ms, on V100 every 20 ms
(Yang, Adamek, Armour: "Part-time Power Measurements: nvidia-smi's Lack of Attention", arXiv 2312.02741, and NVIDIA's
NVML API reference, `nvmlDeviceGetPowerUsage` and NVML_FI_DEV_POWER_AVERAGE).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

PART_TIME_WINDOW_S = 0.025
LAG_S = 0.130
BLUR_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Card:
    """A model of card: what it says of itself, and how its sensors look. The field names are the file's keys.

    A window is what one update averages over; the counter adds that mean times its period at every step: with a window
    of one period it is full, with a shorter one part-time, with a longer one blurred. MIG and ECC are -1 where the card
    does not offer them, and `average_window_s` 0 where POWER_AVERAGE is not offered. The counter's steps come up to
    `counter_uneven` of its periods late, by chance; below 1. `counter_jitter_s` moves each step itself by up to half
    of it, and what a step adds with it; `counter_resolution_mj` is what the counter counts in.

    Of newer cards: masks of workload power profiles (bit n is profile n) and power smoothing, EDPp in per cent, -1
    where the card does not offer them; `memory_share` of the power is the memory's, 0 where it is not told apart; a
    module takes `module_extra_w` more than its GPU, -1 where there is none. A clock of 0 MHz is not offered.
    """

    name: str
    uuid: str = "GPU-5ca1ab1e-0000-4000-8000-000000000000"
    driver: str = "580.65.06"
    nvml: str = "13.580.65.06"
    vbios: str = "92.00.45.00.03"
    cuda: int = 13000  # as NVML writes it: 1000 x major + 10 x minor
    architecture: int
    compute_major: int
    compute_minor: int
    memory_mib: int
    mig: int
    ecc: int
    persistence: int = 1
    limit_w: float
    default_limit_w: float
    min_limit_w: float = 100.0
    max_limit_w: float
    idle_mhz: float = 210.0
    load_mhz: float = 1410.0
    memory_mhz: float = 1215.0
    temperature_c: float = 34.0
    temperature_rise_c: float = 22.0
    power_period_s: float = 0.1
    power_window_s: float = PART_TIME_WINDOW_S
    power_phase_s: float = 0.0
    usage_window_s: float = PART_TIME_WINDOW_S
    average_window_s: float = 0.0
    counter_supported: bool = True
    counter_period_s: float = 0.1
    counter_window_s: float = PART_TIME_WINDOW_S
    counter_lag_s: float = 0.0
    counter_phase_s: float = 0.0
    counter_uneven: float = 0.0
    counter_jitter_s: float = 0.0
    counter_resolution_mj: float = 1.0
    counter_base_mj: int = 7_654_321_000
    profiles_offered: int = -1
    profiles_requested: int = 0
    profiles_enforced: int = 0
    smoothing: int = -1
    smoothing_profile: int = -1
    edpp_percent: int = -1
    memory_share: float = 0.0
    module_extra_w: float = -1.0
    module_limit_w: float = 0.0
    module_default_limit_w: float = 0.0
    max_sm_mhz: float = 0.0
    max_memory_mhz: float = 0.0
    boost_mhz: float = 0.0
    application_mhz: float = 0.0
    default_application_mhz: float = 0.0
    clock_reasons: int = 0x1FF

    def irregular(self) -> Card:
        """The same card with a full counter that steps every 80 to 140 ms and counts in whole joules."""
        return replace(
            self,
            counter_period_s=0.11,
            counter_window_s=0.11,
            counter_lag_s=0.0,
            counter_jitter_s=0.03,
            counter_resolution_mj=1000.0,
        )

    def full(self) -> Card:
        """The same card with a counter that misses nothing."""
        return replace(self, counter_window_s=self.counter_period_s, counter_lag_s=0.0)

    def part_time(self) -> Card:
        """The same card with a counter that looks 25 ms of every 100 ms."""
        return replace(self, counter_period_s=0.1, counter_window_s=PART_TIME_WINDOW_S, counter_lag_s=0.0)

    def lagging(self, lag_s: float = LAG_S) -> Card:
        """The same card with a full counter that tells what was `lag_s` ago."""
        return replace(self.full(), counter_lag_s=lag_s)

    def blurred(self, window_s: float = BLUR_S) -> Card:
        """The same card with a counter that sums a running mean of `window_s`."""
        return replace(self.full(), counter_window_s=window_s)


A100 = Card(
    name="NVIDIA A100-SXM4-80GB",
    architecture=7,
    compute_major=8,
    compute_minor=0,
    memory_mib=81920,
    mig=0,
    ecc=1,
    limit_w=400.0,
    default_limit_w=400.0,
    max_limit_w=400.0,
)
H100 = Card(
    name="NVIDIA H100 80GB HBM3",
    architecture=9,
    compute_major=9,
    compute_minor=0,
    memory_mib=81559,
    mig=0,
    ecc=1,
    limit_w=700.0,
    default_limit_w=700.0,
    min_limit_w=200.0,
    max_limit_w=700.0,
    load_mhz=1980.0,
    memory_mhz=2619.0,
    usage_window_s=1.0,
    average_window_s=1.0,
)
V100 = Card(
    name="Tesla V100-SXM2-32GB",
    architecture=5,
    compute_major=7,
    compute_minor=0,
    memory_mib=32768,
    mig=-1,
    ecc=1,
    limit_w=300.0,
    default_limit_w=300.0,
    max_limit_w=300.0,
    load_mhz=1530.0,
    memory_mhz=877.0,
    power_period_s=0.02,
    power_window_s=0.02,
    usage_window_s=0.02,
    counter_period_s=0.02,
    counter_window_s=0.02,
)
GA102 = Card(
    name="NVIDIA GeForce RTX 3090",
    architecture=7,
    compute_major=8,
    compute_minor=6,
    memory_mib=24576,
    mig=-1,
    ecc=-1,
    persistence=0,
    limit_w=350.0,
    default_limit_w=350.0,
    max_limit_w=400.0,
    load_mhz=1980.0,
    memory_mhz=9751.0,
    power_window_s=0.1,
    usage_window_s=1.0,
    average_window_s=1.0,
    counter_window_s=0.1,
)
B200 = replace(
    H100,
    name="NVIDIA B200",
    driver="590.48.01",
    nvml="13.590.48.01",
    architecture=10,
    compute_major=10,
    memory_mib=183359,
    limit_w=1000.0,
    default_limit_w=1000.0,
    max_limit_w=1000.0,
    load_mhz=1965.0,
    memory_mhz=3996.0,
    profiles_offered=0b1111_1111_1111,
    smoothing=0,
    smoothing_profile=0,
    edpp_percent=100,
    memory_share=0.18,
    max_sm_mhz=1965.0,
    max_memory_mhz=3996.0,
    boost_mhz=1965.0,
    application_mhz=1965.0,
    default_application_mhz=1965.0,
    clock_reasons=0x7FF,
)
"""What a newer driver tells of such a card; how its sensors look is unknown, and taken from the H100's."""
GH200 = replace(
    H100,
    name="NVIDIA GH200 480GB",
    memory_mib=97871,
    memory_share=0.2,
    module_extra_w=90.0,
    module_limit_w=1000.0,
    module_default_limit_w=1000.0,
    max_sm_mhz=1980.0,
    max_memory_mhz=2619.0,
)
CARDS = {"A100": A100, "H100": H100, "V100": V100, "GA102": GA102}
