use std::collections::HashMap;

use crate::answer::Problem;

/// What a caller wants to be true of the object before anything happens to it. Generation 0 stands for "there is none".
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Preconditions {
    pub(crate) if_generation_match: Option<i64>,
    pub(crate) if_generation_not_match: Option<i64>,
    pub(crate) if_metageneration_match: Option<i64>,
    pub(crate) if_metageneration_not_match: Option<i64>,
}

impl Preconditions {
    /// Those of a JSON call.
    pub(crate) fn of_query(query: &HashMap<String, String>) -> Result<Self, Problem> {
        let number = |name: &str| match query.get(name).map(|text| text.parse()) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(Problem::bad_request(format!("{name} is not a number"))),
        };
        Ok(Self {
            if_generation_match: number("ifGenerationMatch")?,
            if_generation_not_match: number("ifGenerationNotMatch")?,
            if_metageneration_match: number("ifMetagenerationMatch")?,
            if_metageneration_not_match: number("ifMetagenerationNotMatch")?,
        })
    }

    /// Whether they hold for an object of this generation and metageneration, both 0 when there is none.
    pub(crate) fn check(&self, generation: i64, metageneration: i64) -> Result<(), Problem> {
        let holds = self.if_generation_match.is_none_or(|wanted| wanted == generation)
            && self.if_generation_not_match.is_none_or(|unwanted| unwanted != generation)
            && self.if_metageneration_match.is_none_or(|wanted| wanted == metageneration)
            && self.if_metageneration_not_match.is_none_or(|unwanted| unwanted != metageneration);
        if holds { Ok(()) } else { Err(Problem::precondition()) }
    }
}
