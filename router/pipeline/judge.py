"""Understanding and judging: everything about a request that needs no waiting."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from router.decision.choose import NothingAdequate, choose, pin
from router.decision.estimate import candidate_for, judging, tokens_within
from router.decision.experience import Experience
from router.decision.policy import Circumstances, Policy, Terms
from router.decision.resolve import PolicyBook, resolve
from router.decision.threads import Threads
from router.decision.verdicts import Observed, Verdicts
from router.domain.budget import Balance, Budget
from router.domain.candidate import Candidate
from router.domain.cascade import CascadeUse
from router.domain.catalog import EMPTY_CATALOG, DatedCatalog
from router.domain.category import Category
from router.domain.conversation import Conversation
from router.domain.decision import Decision, ExclusionReason
from router.domain.errors import ApiError
from router.domain.features import Features, Recognised
from router.domain.key import Grants
from router.domain.local_cascades import NO_LOCAL_CASCADES, LocalCascades
from router.domain.members import replace
from router.domain.model import Capability, Model
from router.domain.overrides import NO_OVERRIDES
from router.domain.service_tier import anthropics_tier
from router.domain.turns import Turns
from router.domain.usage import Usage
from router.features.extract import LanguageOf, Reader, understanding
from router.ledger.rulebook import least_left, least_share_left, tightest
from router.pipeline.overriding import check_candidates, check_pinned, policy_named
from router.pipeline.refusals import (
    budget_exceeded,
    makes_vectors,
    model_not_allowed,
    policies_only,
    policy_not_allowed,
    stored_elsewhere,
)
from router.pipeline.request_context import ALONE, Caller, RequestContext, Session
from router.ports import World
from router.wire.chat import ChatRequest
from router.wire.dialects.dialect import Dialect
from router.wire.native.stored import names_a_prompt
from router.wire.original import Original

if TYPE_CHECKING:  # numpy comes with it, and is loaded only where something was learnt
    from router.decision.agreement import AgreementModel
    from router.decision.quality import QualityModel
    from router.domain.agreeing import Agreeing
    from router.domain.cascade import Prospects
    from router.domain.prompt_scores import PromptScores
    from router.domain.resemblance import Resemblance

_COMPARED = frozenset({Category.MATHS, Category.REASONING})
"""In these, an answer comes down to a number, an option or a few words, whatever the kind of question. Agreement
was learnt from such answers, and says nothing about two letters or two essays."""
_OF_MANY_WORDS = frozenset(
    {
        Category.CHAT,
        Category.HOUSEKEEPING,
        Category.CODE_WRITING,
        Category.CODE_EDITING,
        Category.SUMMARISING,
        Category.TRANSLATION,
        Category.WRITING,
    }
)
"""In these, two good answers are seldom the same, whatever the prompt resembles."""
_TOLD = 0.5
"""The least confidence in such a category at which agreement is not used."""


class Judge(Struct, frozen=True):
    """Makes decisions from the catalog, the policies, and what was learnt so far.

    `quality` is what was learnt of models from outcomes, `agreement` of how they agree, each None where nothing
    was. `language_of` recognises languages; None where no policy asks for them. `known` are models that do not answer
    here, but that a name may stand for; `vectors` those that make embeddings, and do not answer either. `verdicts`
    is what was seen of cascades, and `own` what the operator's own answers say of them, which comes first. `threads`
    are the conversations in progress.
    """

    catalog: DatedCatalog
    book: PolicyBook
    reader: Reader
    experience: Experience
    world: World
    quality: "QualityModel | None" = None
    language_of: LanguageOf | None = None
    known: DatedCatalog = EMPTY_CATALOG
    verdicts: Verdicts = field(default_factory=Verdicts)
    agreement: "AgreementModel | None" = None
    own: LocalCascades = NO_LOCAL_CASCADES
    vectors: DatedCatalog = EMPTY_CATALOG
    threads: Threads = field(default_factory=Threads)

    @property
    def models(self) -> Mapping[str, Model]:
        """The catalog of this moment."""
        return self.catalog.at(self.world.unix_s())

    def target(self, request: ChatRequest, caller: Caller) -> Policy | Model:
        """The policy to decide, or the model to answer. Raises ApiError 404, and 403 for what the key may not use."""
        target, grants = self._meant(request, caller), caller.grants
        if isinstance(target, Model):
            check_pinned(caller, target)
            if not grants.allows_pinning(target.id):
                raise _not_to_be_pinned(target.id, grants)
        elif not grants.allows_policy(target.name):
            raise policy_not_allowed(target.name, grants.policies)
        return target

    def _meant(self, request: ChatRequest, caller: Caller) -> Policy | Model:
        if caller.overrides is NO_OVERRIDES:
            return self._named(request.asked, caller.grants)
        check_candidates(caller, self.models)
        if named := caller.overrides.policy:
            return policy_named(named, self.book.policies, caller.grants)
        return self._named(request.asked, caller.grants)

    def _named(self, asked: str, grants: Grants) -> Policy | Model:
        try:
            return resolve(
                asked, self.book, self.models, filter(grants.allows_pinning, self.models)
            )
        except ApiError:
            if asked in self.vectors.at(self.world.unix_s()):
                raise makes_vectors(asked) from None
            raise

    def request_context(
        self,
        request: ChatRequest,
        caller: Caller,
        target: Policy | Model,
        balances: Sequence[Balance],
        budgets: tuple[Budget, ...],
        session: Session = ALONE,
    ) -> Turns[RequestContext]:
        """The request understood, with the terms that hold for it; in turns, as a long one takes a while."""
        may_cascade = not isinstance(target, Model)
        features = yield from self._features(request, session, may_cascade=may_cascade)
        circumstances = self._circumstances(request, caller, balances, session.stays_with)
        if session.held_by:
            circumstances = replace(circumstances, held_by=session.held_by)
        if session.thread:
            conversation = self._conversation(session.thread, features)
            circumstances = replace(circumstances, conversation=conversation)
        if isinstance(target, Model):
            rule, terms = "", self.book.pinned
        else:
            rule, terms = target.terms_for(features, circumstances)
        return RequestContext(
            request=request,
            caller=caller,
            target=target,
            features=features,
            circumstances=circumstances,
            terms=terms,
            rule=rule,
            budgets=budgets,
            balances=balances,
            began_s=self.world.monotonic_s(),
            thread=session.thread,
            thought_owner=session.thought_owner,
        )

    def _conversation(self, thread: str, features: Features) -> Conversation | None:
        """Where the request stands in its conversation; None for a chore that belongs to none."""
        if features.category is Category.HOUSEKEEPING and not self.threads.knows(thread):
            return None
        return self.threads.conversation(
            thread,
            features.prompt_tokens,
            self.world.monotonic_s(),
            has_tools=Capability.TOOLS in features.needs,
        )

    def has_read(
        self, context: RequestContext, model: Model, usage: Usage, *, is_given: bool
    ) -> None:
        """Note that `model` has read the conversation of `context` and answered, if its id still stands for it.

        `is_given` says that the client gets that answer.
        """
        if not self.experience.is_current(model):
            return
        features = context.features
        self.threads.answered(
            context.thread,
            model.key,
            usage,
            features.prompt_tokens,
            self.world.monotonic_s(),
            has_tools=Capability.TOOLS in features.needs,
            is_housekeeping=features.category is Category.HOUSEKEEPING,
            is_given=is_given,
        )

    def _features(
        self, request: ChatRequest, session: Session, *, may_cascade: bool
    ) -> Turns[Features]:
        asks = self.book.asks
        features = yield from understanding(
            request.body,
            self.reader,
            language_of=self.language_of if asks.language else None,
            rates_difficulty=asks.difficulty,
        )
        if request.original is not None:
            features = _with_original(features, request.original, session)
        return self.recognised(features, may_cascade=may_cascade)

    def recognised(self, features: Features, *, may_cascade: bool = True) -> Features:
        """`features` with what prompts of their resemblance say about models and cascades, if anything was learnt."""
        resemblance = features.resemblance
        prompt_scores = self._prompt_scores(resemblance) if resemblance else None
        prospects = self._prospects(features) if may_cascade else None
        if prompt_scores is None and prospects is None:
            return features
        return Recognised.of(features, prompt_scores, prospects)

    def _prompt_scores(self, resemblance: "Resemblance") -> "PromptScores | None":
        """None where the priors hold, and for a resemblance noted while another artefact was in force."""
        if self.quality is None or not self.quality.knows(resemblance):
            return None
        is_in_use = resemblance.familiarity or self.quality.floor
        return self.quality.prompt_scores(resemblance) if is_in_use else None

    def _prospects(self, features: Features) -> "Prospects | None":
        """What the operator's own answers and prompts of the same resemblance say about cascades."""
        resemblance = features.resemblance
        learnt = self._learnt(resemblance, features) if resemblance else None
        return self.own.prospects(features.category, learnt)

    def _learnt(self, resemblance: "Resemblance", features: Features) -> "Agreeing | None":
        """How models agree on such prompts; None where answers have no comparable form.

        Also None for a resemblance expressed in another artefact's kinds.
        """
        if self.agreement is None or not self.agreement.knows(resemblance):
            return None
        if not resemblance.familiarity and features.category not in _COMPARED:
            return None
        if features.category in _OF_MANY_WORDS and features.category_confidence >= _TOLD:
            return None
        return self.agreement.prospects(resemblance)

    def _circumstances(
        self, request: ChatRequest, caller: Caller, balances: Sequence[Balance], stays_with: str
    ) -> Circumstances:
        asks = self.book.asks
        return Circumstances(
            asked=request.asked,
            key=caller.key,
            tags=frozenset(caller.tags),
            models=caller.grants.models,
            money_left=least_left(balances),
            budget_left=_supposed(caller.budget_left, least_share_left(balances)),
            stays_with=stays_with,
            stands_for=self.book.stands_for(request.asked),
            unix_s=_supposed(caller.unix_s, self.world.unix_s()),
            headers=_only(asks.headers, caller.headers),
            metadata=_only(asks.metadata, request.body.get("metadata")),
            overrides=caller.overrides,
        )

    def judged(self, context: RequestContext, stored: Collection[str] = ()) -> Decision:
        """The decision. Raises ApiError 400 where no model may answer, 402 where a budget is among the reasons."""
        target, features = context.target, context.features
        if isinstance(target, Model):
            return self._pinned(context, target, is_stored=target.id in stored)
        try:
            return choose(
                features,
                context.circumstances,
                target,
                self.models,
                self.experience,
                stored,
                known=self.known.at(self.world.unix_s()),
                verdicts=self.observed(context),
            )
        except NothingAdequate as nothing:
            dear = [e.candidate for e in nothing.exclusions if e.reason is ExclusionReason.BUDGET]
            if dear:
                raise self._too_dear(context, dear) from None
            raise

    def observed(self, context: RequestContext) -> Observed | None:
        """What was seen of cascades, where the policy wants any."""
        if context.terms.cascade.use is CascadeUse.NEVER:
            return None
        return self.verdicts.observed(self.world.chance())

    def candidate(self, model_id: str, features: Features, terms: Terms) -> Candidate | None:
        """The catalog's model of that id, where `terms` allow it, with what is predicted of it; None for none."""
        if (model := self.models.get(model_id)) is None:
            return None
        return candidate_for(terms.pool.within(model), features, self.experience)

    def judging(
        self, model_id: str, answer: Candidate, features: Features, terms: Terms
    ) -> Candidate | None:
        """The catalog's model of that id, as it is asked for its verdict on an answer of `answer`; None for none."""
        judge = self.candidate(model_id, features, terms)
        return judge and judging(judge, answer, features, self.experience)

    def _pinned(self, context: RequestContext, model: Model, *, is_stored: bool) -> Decision:
        cache, left = context.terms.cache, context.circumstances.money_left
        if held_by := context.circumstances.held_by:
            model = model.held_by(held_by)
            if model.upstream != held_by:
                raise stored_elsewhere(model.id, held_by)
        pinned = pin(context.features, model, self.experience, cache=cache, is_stored=is_stored)
        if left is not None and pinned.chosen.cost.upper > left:
            raise self._too_dear(context, [pinned.chosen])
        return pinned

    @staticmethod
    def _too_dear(context: RequestContext, dear: Collection[Candidate]) -> ApiError:
        """402: any model that may answer could cost more than the tightest budget has left."""
        features, balance = context.features, tightest(context.balances)
        return budget_exceeded(
            balance,
            fitting_tokens=max(tokens_within(each.model, features, balance.left) for each in dear),
            is_unbounded=features.max_output_tokens is None,
            refers_elsewhere=features.parts_elsewhere > 0,
        )


def _not_to_be_pinned(model_id: str, grants: Grants) -> ApiError:
    if grants.models:
        return model_not_allowed(model_id, grants.models)
    return policies_only(model_id, grants.policies)


def _with_original(features: Features, original: Original, session: Session) -> Features:
    """`features` of a chat view, with what only the original says: needs, what is stored, and the tier of its price."""
    if original.needs:
        features = replace(features, needs=features.needs | original.needs)
    if original.may_be_shortened:
        features = replace(features, may_be_shortened=True)
    if stored := session.stored_tokens:  # the model will read them, and they are billed
        tokens = features.prompt_tokens + stored
        features = replace(features, prompt_tokens=tokens, tokens_exact=False)
    if names_a_prompt(original) or (session.held_by and not stored):  # the same, of unknown size
        features = replace(features, parts_elsewhere=features.parts_elsewhere + 1)
    if original.dialect is not Dialect.MESSAGES:
        return features
    tier = anthropics_tier(original.body)
    return replace(features, service_tier=tier) if tier else features


def _only(names: Collection[str], given: Any) -> dict[str, str]:
    """The entries of `given` that are in `names` and are text, with lone surrogates replaced."""
    if not names or not isinstance(given, Mapping):
        return {}
    found = {name: text for name in names if isinstance(text := given.get(name), str)}
    return {name: text.encode(errors="replace").decode() for name, text in found.items()}


def _supposed(wanted: float | None, real: float) -> float:
    return real if wanted is None else wanted
