"""What `identity` can tell a person."""

from warroom.kernel.errors import (
    ForbiddenError,
    InvalidError,
    Kind,
    NotFoundError,
    UnauthenticatedError,
    UnavailableError,
    WarRoomError,
)


class WrongPasswordError(UnauthenticatedError):
    """Login and password do not fit; nobody is told which of the two is wrong."""

    code = "identity.wrong_password"


class WrongLinkError(UnauthenticatedError):
    """A one-time link was used already, is too old, or was never given out."""

    code = "identity.wrong_link"


class TooManyAttemptsError(WarRoomError):
    """Too many tries from here for this login; the next one counts after `wait_s` seconds."""

    code = "identity.too_many_attempts"
    kind = Kind.LIMITED


class BusyError(UnavailableError):
    """More people sign in at this moment than the machine can check."""

    code = "identity.busy"


class ForeignOriginError(ForbiddenError):
    """A changing request that the product's own page did not send."""

    code = "identity.foreign_origin"


class BeyondOwnRightsError(ForbiddenError):
    """More would be given, or a person with more rights changed, than the giver holds."""

    code = "identity.beyond_own_rights"


class TakenError(WarRoomError):
    """Another agency or person has this name already (`field`)."""

    code = "identity.taken"
    kind = Kind.CONFLICT


class ChangedMeanwhileError(WarRoomError):
    """Somebody else changed it since it was read."""

    code = "identity.changed_meanwhile"
    kind = Kind.CONFLICT


class WeakPasswordError(InvalidError):
    """A password that would be guessed (`problem`: short, long, common, personal, same)."""

    code = "identity.weak_password"


class WrongCurrentPasswordError(InvalidError):
    """The password that the asker has now was not given rightly."""

    code = "identity.wrong_current_password"


class CityReachError(InvalidError):
    """Only people of the city's own agencies can reach the whole city."""

    code = "identity.city_reach"


class UnknownWordError(InvalidError):
    """A role, an action or a kind of agency that does not exist (`word`)."""

    code = "identity.unknown_word"


class ForeignRoleError(InvalidError):
    """An agency's own role is for people of that agency alone."""

    code = "identity.foreign_role"


class NoActionsError(InvalidError):
    """A role or a grant without any action word, or a role without a name."""

    code = "identity.no_actions"


class GrantTargetError(InvalidError):
    """A grant names exactly one person or one agency, and ends after it begins."""

    code = "identity.grant_target"


class NoDemoError(NotFoundError):
    """One-time links exist in the demonstration only."""


class TooManyRequestsError(WarRoomError):
    """A token asks more often than it may; the next request is taken after `wait_s` seconds."""

    code = "identity.too_many_requests"
    kind = Kind.LIMITED


class ForeignAddressError(ForbiddenError):
    """A token was shown from an address that is not among its own."""

    code = "identity.foreign_address"


class NotForApplicationsError(InvalidError):
    """An action that a person must answer for, or a token beyond its account's (`word`)."""

    code = "identity.not_for_applications"


class NetworkError(InvalidError):
    """A network that cannot be read (`word`), such as one with bits set beside its mask."""

    code = "identity.network"


class TokenOwnerError(InvalidError):
    """A token is for exactly one person or one service account."""

    code = "identity.token_owner"


class LimitsWithGrantsError(InvalidError):
    """A program cannot both use what was granted to its agency and be limited to some things."""

    code = "identity.limits_with_grants"


class WrongCodeError(UnauthenticatedError):
    """The second step does not fit: a wrong, old or used code, or a key that is not known."""

    code = "identity.wrong_code"


class StepOverError(InvalidError):
    """The first step is too long ago, or was used up."""

    code = "identity.step_over"


class ProveItError(ForbiddenError):
    """The asker must show once more that it is them (`ways`: password, totp, passkey)."""

    code = "identity.prove_it"


class MustChangePasswordError(ForbiddenError):
    """The asker came by a password that somebody else knows, and must change it first."""

    code = "identity.must_change_password"


class WrongProofError(InvalidError):
    """What was shown to prove it does not fit."""

    code = "identity.wrong_proof"


class PasskeyRefusedError(InvalidError):
    """The browser's answer about a passkey could not be accepted."""

    code = "identity.passkey_refused"


class LastFactorError(WarRoomError):
    """The only factor that satisfies the person's roles cannot be removed."""

    code = "identity.last_factor"
    kind = Kind.CONFLICT


class ShortPasswordAloneError(WarRoomError):
    """Without a second factor the password would be too short; a longer one comes first."""

    code = "identity.short_password_alone"
    kind = Kind.CONFLICT


class SeatRequiredError(ForbiddenError):
    """This person may sign in at the seats of the control room alone, and this is none."""

    code = "identity.seat_required"


class WrongSeatCodeError(InvalidError):
    """The code is wrong, used or too old."""

    code = "identity.wrong_seat_code"


class WrongSeatError(InvalidError):
    """This browser's key is not that of a seat (any more)."""

    code = "identity.wrong_seat"


class SsoOverError(UnauthenticatedError):
    """A sign-in elsewhere that is not known, too old, used, or begun by another browser."""

    code = "identity.sso_over"


class SsoRefusedError(UnauthenticatedError):
    """The provider did not let the person in, or they gave up there (`provider`)."""

    code = "identity.sso_refused"


class SsoAnswerError(UnauthenticatedError):
    """What the provider sent cannot be trusted (`provider`); why is in the log alone."""

    code = "identity.sso_answer"


class SsoAwayError(UnavailableError):
    """The provider does not answer (`provider`); signing in by password still works."""

    code = "identity.sso_away"


class SsoUnknownError(UnauthenticatedError):
    """The account at the provider is nobody's here (`provider`)."""

    code = "identity.sso_unknown"


class SsoAgencyError(UnauthenticatedError):
    """The provider does not speak for this person's agency (`provider`)."""

    code = "identity.sso_agency"


class LinkTakenError(WarRoomError):
    """The account is another person's here, or the person has another one there (`provider`)."""

    code = "identity.link_taken"
    kind = Kind.CONFLICT


class LastWayInError(WarRoomError):
    """Without a password and without this link the person could never sign in again."""

    code = "identity.last_way_in"
    kind = Kind.CONFLICT


class ProviderMapError(InvalidError):
    """A mapped agency is not among the provider's, or several agencies have no claim (`word`)."""

    code = "identity.provider_map"


class StillActiveError(WarRoomError):
    """An account is in use: it is made inactive first, and erased when nobody misses it."""

    code = "identity.still_active"
    kind = Kind.CONFLICT


class ErasedError(WarRoomError):
    """The account was erased: nothing of it can be changed or put back."""

    code = "identity.erased"
    kind = Kind.CONFLICT
