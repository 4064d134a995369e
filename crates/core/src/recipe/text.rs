//! A recipe as one line of text: `headshot[,option]*`.

use std::fmt;

use super::error::LONGEST;
use super::{Background, Colour, Recipe, RecipeError};
use crate::{Look, Shot};

impl Recipe {
    /// Reads a recipe: its name, then options in any order, each at most once, separated by commas and nothing else.
    /// `look=house|soft|dramatic`; `framing=head|close-up|bust`; `background=white|black|#rrggbb` for a flattened print besides, with `bleed=0mm` to
    /// `bleed=10mm` around it; `grey-alpha` for the print as grey and alpha besides; `grain` for film grain.
    ///
    /// # Errors
    /// [`RecipeError`] says what is wrong and what is allowed. It repeats nothing of the text.
    pub fn named(text: &str) -> Result<Self, RecipeError> {
        if text.len() > LONGEST {
            return Err(RecipeError::TooLong);
        }
        let mut parts = text.split(',');
        if parts.next() != Some(Self::HEADSHOT) {
            return Err(RecipeError::UnknownName);
        }
        let (mut look, mut framing, mut colour, mut bleed) = (None, None, None, None);
        let (mut grey_alpha, mut grain) = (None, None);
        for option in parts {
            match option.split_once('=') {
                Some(("look", name)) => once(&mut look, "look", read_look(name)?)?,
                Some(("framing", name)) => once(&mut framing, "framing", read_framing(name)?)?,
                Some(("background", name)) => {
                    let read = Colour::parse(name).ok_or(RecipeError::InvalidBackground)?;
                    once(&mut colour, "background", read)?;
                }
                Some(("bleed", width)) => once(&mut bleed, "bleed", read_bleed(width)?)?,
                None if option == "grey-alpha" => once(&mut grey_alpha, "grey-alpha", ())?,
                None if option == "grain" => once(&mut grain, "grain", ())?,
                _ => return Err(RecipeError::UnknownOption),
            }
        }
        if bleed.is_some() && colour.is_none() {
            return Err(RecipeError::BleedWithoutBackground);
        }
        let background = colour.map(|colour| Background { colour, bleed_mm: bleed.unwrap_or(0) });
        Ok(Self {
            look: look.unwrap_or_default(),
            framing: framing.unwrap_or_default(),
            grain: grain.is_some(),
            background,
            grey_alpha: grey_alpha.is_some(),
            ..Self::headshot()
        })
    }
}

fn once<T>(slot: &mut Option<T>, option: &'static str, value: T) -> Result<(), RecipeError> {
    if slot.replace(value).is_some() { Err(RecipeError::Repeated(option)) } else { Ok(()) }
}

fn read_look(name: &str) -> Result<Look, RecipeError> {
    Look::ALL.into_iter().find(|look| look.name() == name).ok_or(RecipeError::UnknownLook)
}

fn read_framing(name: &str) -> Result<Shot, RecipeError> {
    Shot::ALL.into_iter().find(|shot| shot.name() == name).ok_or(RecipeError::UnknownFraming)
}

fn read_bleed(width: &str) -> Result<u8, RecipeError> {
    // Through a number and back, so that there is one way to write a width: no sign, no leading zero.
    (0..=Background::MOST_BLEED_MM)
        .find(|mm| width.strip_suffix("mm") == Some(mm.to_string().as_str()))
        .ok_or(RecipeError::InvalidBleed)
}

/// The text that reads back as the same recipe, options in one order, and none that changes nothing.
impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.look != Look::default() {
            write!(f, ",look={}", self.look.name())?;
        }
        if self.framing != Shot::default() {
            write!(f, ",framing={}", self.framing.name())?;
        }
        if self.grain {
            f.write_str(",grain")?;
        }
        if let Some(Background { colour, bleed_mm }) = self.background {
            write!(f, ",background={colour}")?;
            if bleed_mm > 0 {
                write!(f, ",bleed={bleed_mm}mm")?;
            }
        }
        if self.grey_alpha { f.write_str(",grey-alpha") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Rendition;

    fn any_recipe() -> impl Strategy<Value = Recipe> {
        let colour = any::<[u8; 3]>().prop_map(|[red, green, blue]| Colour { red, green, blue });
        let colour = prop_oneof![Just(Colour::WHITE), Just(Colour::BLACK), colour];
        let background = (colour, 0..=10u8).prop_map(|(colour, bleed_mm)| Background { colour, bleed_mm });
        let (look, framing) = (prop::sample::select(&Look::ALL[..]), prop::sample::select(&Shot::ALL[..]));
        let switches = any::<[bool; 2]>();
        (look, framing, prop::option::of(background), switches).prop_map(
            |(look, framing, background, [grain, grey_alpha])| Recipe {
                look,
                framing,
                grain,
                background,
                grey_alpha,
                ..Recipe::headshot()
            },
        )
    }

    proptest! {
        #[test]
        fn a_recipe_reads_back_from_its_text(recipe in any_recipe()) {
            let text = recipe.to_string();
            prop_assert!(text.len() <= LONGEST);
            prop_assert_eq!(Recipe::named(&text), Ok(recipe));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = Recipe::named(&text);
            let _ = Recipe::named(&format!("headshot,background=#{text}"));
        }

        #[test]
        fn what_is_read_has_one_text(
            text in "headshot(,(look=(house|soft)|framing=(head|bust)|background=(white|#[0-9a-fA-F]{6})|bleed=[0-9]{1,2}mm|grey-alpha|grain)){0,4}"
        ) {
            if let Ok(recipe) = Recipe::named(&text) {
                let canonical = recipe.to_string();
                prop_assert_eq!(Recipe::named(&canonical).map(|recipe| recipe.to_string()), Ok(canonical));
            }
        }
    }

    #[test]
    fn options_may_stand_in_any_order_and_are_written_in_one() {
        let text = "headshot,grey-alpha,bleed=3mm,look=soft,background=#FFEEdd";
        let recipe = Recipe::named(text).expect("a recipe");
        assert_eq!(recipe.to_string(), "headshot,look=soft,background=#ffeedd,bleed=3mm,grey-alpha");
        assert_eq!(recipe.renditions().collect::<Vec<_>>(), Rendition::ALL);
        // 3 mm at 300 dpi are 35.4 pixels.
        assert_eq!(recipe.size(Rendition::Flattened), (2400 + 2 * 35, 3000 + 2 * 35));
        assert_eq!(recipe.size(Rendition::GreyAlpha), (2400, 3000));
    }

    #[test]
    fn the_default_is_two_files_and_its_name_alone() {
        for text in ["headshot", "headshot,look=house"] {
            let recipe = Recipe::named(text).expect("a recipe");
            assert_eq!(recipe, Recipe::headshot());
            assert_eq!(recipe.to_string(), "headshot");
            assert_eq!(recipe.renditions().collect::<Vec<_>>(), [Rendition::Preview, Rendition::Print]);
        }
        assert_eq!(
            Recipe::named("headshot,background=white,bleed=0mm").expect("a recipe").to_string().len(),
            25
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_allowed() {
        use RecipeError as E;
        let long = format!("headshot,{}", "x".repeat(LONGEST));
        for (text, error) in [
            ("", E::UnknownName),
            ("oil painting", E::UnknownName),
            ("Headshot", E::UnknownName),
            (" headshot", E::UnknownName),
            ("headshot,", E::UnknownOption),
            ("headshot, grey-alpha", E::UnknownOption),
            ("headshot,grey-alpha=1", E::UnknownOption),
            ("headshot,frame=gold", E::UnknownOption),
            ("headshot,look", E::UnknownOption),
            ("headshot,look=", E::UnknownLook),
            ("headshot,look=noir", E::UnknownLook),
            ("headshot,framing=", E::UnknownFraming),
            ("headshot,framing=wide", E::UnknownFraming),
            ("headshot,framing=bust,framing=bust", E::Repeated("framing")),
            ("headshot,background=#fed", E::InvalidBackground),
            ("headshot,background=#ffeeddcc", E::InvalidBackground),
            ("headshot,background=#+1+2+3", E::InvalidBackground),
            ("headshot,background=#ééé", E::InvalidBackground),
            ("headshot,background=White", E::InvalidBackground),
            ("headshot,background=white,bleed=11mm", E::InvalidBleed),
            ("headshot,background=white,bleed=3", E::InvalidBleed),
            ("headshot,background=white,bleed=03mm", E::InvalidBleed),
            ("headshot,background=white,bleed=+3mm", E::InvalidBleed),
            ("headshot,bleed=3mm", E::BleedWithoutBackground),
            ("headshot,background=white,background=white", E::Repeated("background")),
            ("headshot,look=soft,look=house", E::Repeated("look")),
            ("headshot,grey-alpha,grey-alpha", E::Repeated("grey-alpha")),
            ("headshot,grain,grain", E::Repeated("grain")),
            (&long, E::TooLong),
        ] {
            assert_eq!(Recipe::named(text), Err(error), "{text:?}");
        }
    }
}
