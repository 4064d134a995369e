//! Colours by the numbers of ITU-T H.273 ("coding-independent code points").

use moxcms::{CicpColorPrimaries, CicpProfile, ColorProfile, MatrixCoefficients, TransferCharacteristics};

use super::profile::measured;
use crate::decode::encoding::{Cicp, Curve};

/// Numbers of transfer characteristics.
pub(super) const PQ: u8 = 16;
pub(super) const HLG: u8 = 18;
const UNSPECIFIED: u8 = 2;
const GAMMA_22: u8 = 4;
const GAMMA_28: u8 = 5;
const LINEAR: u8 = 8;

impl Cicp {
    /// Whether the numbers name PQ or HLG.
    pub(crate) fn is_hdr(self) -> bool {
        matches!(self.transfer, PQ | HLG)
    }

    /// A profile of these colours: `Some(None)` for sRGB, `None` where the numbers say nothing.
    ///
    /// The curves of BT.709, BT.601 and BT.2020 belong to cameras. What is shown by them is meant for a display, which
    /// for a still picture is sRGB's curve, as browsers take it.
    pub(super) fn profile(self) -> Option<Option<ColorProfile>> {
        if (self.primaries, self.transfer) == (UNSPECIFIED, UNSPECIFIED) {
            return None;
        }
        let gamma = match self.transfer {
            GAMMA_22 => Some(2.2),
            GAMMA_28 => Some(2.8),
            LINEAR => Some(1.0),
            _ => None,
        };
        let curve = match gamma {
            Some(gamma) => measured(Curve::Power(gamma), None)?,
            None => ColorProfile::new_srgb(),
        };
        let primaries = CicpColorPrimaries::try_from(self.primaries).ok()?;
        let named = CicpProfile {
            color_primaries: primaries,
            transfer_characteristics: TransferCharacteristics::Srgb,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        };
        let mut profile = curve.clone();
        profile.update_rgb_colorimetry_from_cicp(named);
        // Its curve would be preferred to the one set here.
        profile.cicp = None;
        (profile.red_trc, profile.green_trc, profile.blue_trc) =
            (curve.red_trc, curve.green_trc, curve.blue_trc);
        let srgb = gamma.is_none()
            && matches!(primaries, CicpColorPrimaries::Bt709 | CicpColorPrimaries::Unspecified);
        Some((!srgb).then_some(profile))
    }
}
