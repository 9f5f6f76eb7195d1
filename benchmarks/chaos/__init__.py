"""A soak: a real proxy in front of real simulated upstreams, with every fault there is, and nothing may break.

cast        the models, their upstreams, the policies, the timeouts
shots       what is asked, and how, and what goes wrong meanwhile: drawn from the seed alone
client      one request as its client experiences it
oracle      what the answering model must have said
replies     is this one clear answer, its own, of one model?
rig         the processes: two upstreams and the proxy
gauges      descriptors, memory, calls in flight
books       the ledger against the upstreams' own accounts, attempt by attempt
soak        the phases in order: warm-up, chaos, storm, recovery, calm
report      what held and what did not
mutants     proxies that are broken on purpose, to prove that the checker would notice
"""

from benchmarks.chaos.plan import Plan
from benchmarks.chaos.report import Invariant, Report
from benchmarks.chaos.soak import run_soak

__all__ = ["Invariant", "Plan", "Report", "run_soak"]
