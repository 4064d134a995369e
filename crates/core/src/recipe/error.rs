/// The longest text that is looked at, in bytes. One with every option has 89.
pub(super) const LONGEST: usize = 100;

/// Why a text is no recipe, each with what is allowed instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// It does not begin with the name of a recipe.
    #[error("there is no recipe of that name; the recipes are: headshot")]
    UnknownName,
    /// It is longer than any recipe.
    #[error("a recipe has at most {} characters", LONGEST)]
    TooLong,
    /// It has an option that there is not.
    #[error(
        "it has an unknown option; the options are: look=house|soft|dramatic, framing=head|close-up|bust, background=white|black|#rrggbb, \
         bleed=0mm to 10mm, grey-alpha, grain"
    )]
    UnknownOption,
    /// It has an option twice.
    #[error("the option {0} may be given once")]
    Repeated(&'static str),
    /// There is no such look.
    #[error("the look must be one of: house, soft, dramatic")]
    UnknownLook,
    /// There is no such framing.
    #[error("the framing must be one of: head, close-up, bust")]
    UnknownFraming,
    /// That is no colour.
    #[error("the background must be white, black, or a colour such as #ffeedd")]
    InvalidBackground,
    /// That is no width of a bleed.
    #[error("the bleed must be whole millimetres from 0mm to 10mm")]
    InvalidBleed,
    /// There is nothing that the bleed could be filled with.
    #[error("a bleed needs a background, whose colour it has")]
    BleedWithoutBackground,
}
