//! Pairs the SDP in SIP messages into offer/answer exchanges: the unit on which keys are agreed.
//!
//! Read first: RFC 3264 §4, RFC 3261 §13.2.1 (which message may answer which), RFC 3262 §5,
//! RFC 3311 §5.1.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use crate::secret::Text;
use crate::sip::{Message, Start};

/// Where a message was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// Frame number in a capture, line number in a log.
    pub number: u64,
    /// Sender and receiver of the datagram; a log has none.
    pub hop: Option<(SocketAddr, SocketAddr)>,
}

/// An SDP as one party sent it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    /// The text of the body.
    pub text: Text,
    /// `tag` of who sent it: of `From` in a request, of `To` in a response.
    pub tag: String,
    /// The message it came in.
    pub place: Place,
}

/// What became of an offer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Answered with an SDP.
    Answered {
        /// The answer.
        answer: Description,
        /// Status of the response that carried it or, later, confirmed it; 200 for an answer in an
        /// ACK or PRACK.
        status: u16,
    },
    /// Refused with a final response.
    Refused {
        /// Status, 400 to 699.
        status: u16,
        /// Reason phrase, with the `Warning` where there was one.
        phrase: String,
        /// The message it came in.
        place: Place,
    },
    /// The other half is not in the input.
    Unanswered,
}

/// An offer and what became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// Number of the call, from 1, by the first appearance of its `Call-ID`.
    pub call: usize,
    /// `Call-ID` of the dialog.
    pub call_id: String,
    /// `CSeq` of the request, for example `20977 INVITE`.
    pub request: String,
    /// `tag` of the party that offered (RFC 3261 §12), empty where nobody says.
    pub offerer: String,
    /// The offer, or, in [`Outcome::Unanswered`], an SDP of unknown role.
    pub offer: Description,
    /// What became of it.
    pub outcome: Outcome,
}

/// RFC 3261 §17.1.3: the branch and the method tell whose response it is, on every hop by itself.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Key {
    call_id: String,
    cseq: u32,
    method: String,
    branch: String,
}

#[derive(Debug, Default)]
struct Transaction {
    offer: Option<Description>,
    /// An offer that came in a response, as the request had none.
    delayed_offer: Option<Description>,
    answers: Vec<Answer>,
    refusal: Option<Outcome>,
}

#[derive(Debug)]
struct Answer {
    offer: Description,
    answer: Description,
    to_tag: String,
    status: u16,
}

/// Collects messages in the order they were sent.
#[derive(Debug, Default)]
pub struct Calls {
    transactions: HashMap<Key, Transaction>,
    order: Vec<Key>,
    messages: u64,
}

impl Calls {
    /// How many SIP messages were added.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Takes in the next message.
    pub fn add(&mut self, message: Message, place: Place) {
        self.messages += 1;
        let tag = match &message.start {
            Start::Request(_) => message.from_tag.clone(),
            Start::Response { .. } => message.to_tag.clone(),
        };
        let sdp = message.sdp.clone().map(|text| Description { text, tag, place });
        match &message.start {
            Start::Request(method) => match method.as_str() {
                "INVITE" | "UPDATE" => self.request(&message, sdp),
                "ACK" | "PRACK" => {
                    if let Some(sdp) = sdp {
                        self.acknowledge(message, sdp);
                    }
                }
                _ => {}
            },
            Start::Response { status, phrase } => {
                let (status, phrase) = (*status, phrase.clone());
                self.response(&message, status, &phrase, sdp, place);
            }
        }
    }

    fn request(&mut self, message: &Message, sdp: Option<Description>) {
        let transaction = self.transaction(Key::from(message));
        // A retransmission brings the same offer; the first one counts.
        if transaction.offer.is_none() {
            transaction.offer = sdp;
        }
    }

    /// An SDP in an ACK answers the offer of the 200; one in a PRACK answers that of a reliable
    /// 18x, or else is an offer of its own (RFC 3262 §5).
    fn acknowledge(&mut self, message: Message, sdp: Description) {
        let from_peer = |offer: &Description| match (offer.place.hop, sdp.place.hop) {
            (Some((offerer, _)), Some((_, acknowledged))) => offerer.ip() == acknowledged.ip(),
            _ => true,
        };
        let prack = message.method == "PRACK";
        let open = self.order.iter().find(|key| {
            key.call_id == message.call_id
                && key.method == "INVITE"
                && (prack || key.cseq == message.cseq)
                && self.transactions.get(key).is_some_and(|open| {
                    open.answers.is_empty() && open.delayed_offer.as_ref().is_some_and(from_peer)
                })
        });
        let open = open.cloned().and_then(|key| self.transactions.get_mut(&key));
        match open {
            Some(Transaction { delayed_offer: Some(offer), answers, .. }) => answers.push(Answer {
                offer: offer.clone(),
                answer: sdp,
                to_tag: message.to_tag.clone(),
                status: 200,
            }),
            _ if prack => self.request(&message, Some(sdp)),
            _ => {}
        }
    }

    fn response(
        &mut self,
        message: &Message,
        status: u16,
        phrase: &str,
        sdp: Option<Description>,
        place: Place,
    ) {
        if !matches!(message.method.as_str(), "INVITE" | "UPDATE" | "PRACK") {
            return;
        }
        let key = Key::from(message);
        let known = self.transactions.contains_key(&key);
        // The request may not be in the capture; an SDP and its key still are.
        if !known && (sdp.is_none() || status >= 300) {
            return;
        }
        let transaction = self.transaction(key);
        match status {
            101..300 => transaction.accepted(message, status, sdp, known),
            // The same offer follows, with credentials.
            401 | 407 => transaction.offer = None,
            400.. if transaction.answers.is_empty() => {
                let phrase = match &message.warning {
                    Some(warning) => format!("{phrase} (Warning: {warning})"),
                    None => phrase.to_owned(),
                };
                transaction.refusal = Some(Outcome::Refused { status, phrase, place });
            }
            _ => {}
        }
    }

    fn transaction(&mut self, key: Key) -> &mut Transaction {
        if !self.transactions.contains_key(&key) {
            self.order.push(key.clone());
        }
        self.transactions.entry(key).or_default()
    }

    /// The exchanges in the order of their offers. One that a proxy passed on unchanged, so that it
    /// was captured on several hops, is there once.
    pub fn exchanges(mut self) -> Vec<Exchange> {
        let mut exchanges = Vec::new();
        let mut seen = HashSet::new();
        let mut calls = HashMap::new();
        for key in self.order {
            let count = calls.len() + 1;
            let call = *calls.entry(key.call_id.clone()).or_insert(count);
            let request = format!("{} {}", key.cseq, key.method);
            let Some(transaction) = self.transactions.remove(&key) else {
                continue;
            };
            for (offer, outcome) in transaction.outcomes() {
                let result = match &outcome {
                    Outcome::Answered { answer, .. } => answer.text.clone(),
                    Outcome::Refused { status, .. } => status.to_string().into(),
                    Outcome::Unanswered => Text::default(),
                };
                if seen.insert((call, request.clone(), offer.text.clone(), result)) {
                    let (call_id, request) = (key.call_id.clone(), request.clone());
                    let offerer = offer.tag.clone();
                    exchanges.push(Exchange { call, call_id, request, offerer, offer, outcome });
                }
            }
        }
        exchanges.sort_by_key(|exchange| exchange.offer.place.number);
        exchanges
    }
}

impl From<&Message> for Key {
    fn from(message: &Message) -> Self {
        let Message { call_id, cseq, method, branch, .. } = message.clone();
        Self { call_id, cseq, method, branch }
    }
}

impl Transaction {
    fn accepted(
        &mut self,
        message: &Message,
        status: u16,
        sdp: Option<Description>,
        request_known: bool,
    ) {
        let same_fork = |answer: &&mut Answer| answer.to_tag == message.to_tag;
        for answer in self.answers.iter_mut().filter(same_fork) {
            answer.status = answer.status.max(status);
        }
        match (sdp, &self.offer) {
            (Some(answer), Some(offer)) => {
                let repeated = self.answers.iter().any(|known| {
                    known.to_tag == message.to_tag && known.answer.text == answer.text
                });
                if !repeated {
                    let to_tag = message.to_tag.clone();
                    self.answers.push(Answer { offer: offer.clone(), answer, to_tag, status });
                }
            }
            (Some(sdp), None) if !request_known || message.method == "INVITE" => {
                self.delayed_offer.get_or_insert(sdp);
            }
            _ => {}
        }
    }

    fn outcomes(self) -> Vec<(Description, Outcome)> {
        let Self { offer, delayed_offer, answers, refusal } = self;
        if answers.is_empty() {
            let alone = offer.or(delayed_offer);
            return alone
                .map(|offer| (offer, refusal.unwrap_or(Outcome::Unanswered)))
                .into_iter()
                .collect();
        }
        answers
            .into_iter()
            .map(|Answer { offer, answer, status, .. }| {
                (offer, Outcome::Answered { answer, status })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip;

    /// Feeds messages given as (start line, branch, CSeq, To tag, SDP), numbered from 1.
    fn exchanges(messages: &[(&str, &str, &str, &str, &str)]) -> Vec<Exchange> {
        let mut calls = Calls::default();
        for (number, (start, branch, cseq, tag, sdp)) in (1..).zip(messages) {
            let text = format!(
                "{start}\r\nVia: SIP/2.0/UDP h;branch={branch}\r\nTo: <sip:b@h>;tag={tag}\r\n\
                 Call-ID: c\r\nCSeq: {cseq}\r\nContent-Type: application/sdp\r\n\r\n{sdp}"
            );
            let message = sip::parse(text.as_bytes()).unwrap().unwrap();
            calls.add(message, Place { number, hop: None });
        }
        calls.exchanges()
    }

    fn summary(exchange: &Exchange) -> (&str, &str, u16) {
        match &exchange.outcome {
            Outcome::Answered { answer, status } => (&exchange.offer.text, &answer.text, *status),
            Outcome::Refused { status, phrase, .. } => (&exchange.offer.text, phrase, *status),
            Outcome::Unanswered => (&exchange.offer.text, "", 0),
        }
    }

    const INVITE: &str = "INVITE sip:b@h SIP/2.0";
    const ACK: &str = "ACK sip:b@h SIP/2.0";
    const OK: &str = "SIP/2.0 200 OK";
    const PROGRESS: &str = "SIP/2.0 183 Session Progress";

    /// Early media: the SDP of the 183 is the answer and the 200 confirms it; the retransmitted
    /// INVITE changes nothing.
    #[test]
    fn an_answer_may_come_early_and_is_confirmed_later() {
        let found = exchanges(&[
            (INVITE, "1", "1 INVITE", "", "offer"),
            (INVITE, "1", "1 INVITE", "", "offer"),
            (PROGRESS, "1", "1 INVITE", "t", "answer"),
            (OK, "1", "1 INVITE", "t", "answer"),
            (OK, "1", "1 INVITE", "t", "answer"),
        ]);
        assert_eq!(found.iter().map(summary).collect::<Vec<_>>(), [("offer", "answer", 200)]);
    }

    /// RFC 3261 §13.2.1: an INVITE without SDP is answered with an offer, the ACK answers that.
    #[test]
    fn delayed_offer_is_answered_in_the_ack() {
        let found = exchanges(&[
            (INVITE, "1", "1 INVITE", "", ""),
            (OK, "1", "1 INVITE", "t", "offer"),
            (ACK, "2", "1 ACK", "t", "answer"),
        ]);
        assert_eq!(found.iter().map(summary).collect::<Vec<_>>(), [("offer", "answer", 200)]);
    }

    /// Two forks give two answers, with one key each; a re-INVITE is an exchange of the same call.
    #[test]
    fn forks_and_reinvites_are_exchanges_of_their_own() {
        let found = exchanges(&[
            (INVITE, "1", "1 INVITE", "", "offer"),
            (PROGRESS, "1", "1 INVITE", "t1", "answer 1"),
            (OK, "1", "1 INVITE", "t2", "answer 2"),
            (INVITE, "2", "2 INVITE", "t2", "offer again"),
            (OK, "2", "2 INVITE", "t2", "answer again"),
        ]);
        assert_eq!(
            found.iter().map(summary).collect::<Vec<_>>(),
            [
                ("offer", "answer 1", 183),
                ("offer", "answer 2", 200),
                ("offer again", "answer again", 200)
            ]
        );
        assert!(found.iter().all(|exchange| exchange.call == 1));
    }

    /// A challenge is not a refusal, a 488 is; what became of the last offer is not known.
    #[test]
    fn refused_and_unanswered_offers_are_told() {
        let found = exchanges(&[
            (INVITE, "1", "1 INVITE", "", "offer"),
            ("SIP/2.0 407 Proxy Authentication Required", "1", "1 INVITE", "t", ""),
            (INVITE, "2", "2 INVITE", "", "offer"),
            ("SIP/2.0 488 Not Acceptable Here", "2", "2 INVITE", "t", ""),
            (INVITE, "3", "3 INVITE", "", "other offer"),
        ]);
        assert_eq!(
            found.iter().map(summary).collect::<Vec<_>>(),
            [("offer", "Not Acceptable Here", 488), ("other offer", "", 0)]
        );
    }

    /// A proxy that leaves the SDP alone makes two hops of one exchange; one that rewrites it (a
    /// media relay) makes two exchanges.
    #[test]
    fn hops_with_the_same_sdp_are_one_exchange() {
        let hops = |relayed| {
            exchanges(&[
                (INVITE, "1", "1 INVITE", "", "offer"),
                (INVITE, "2", "1 INVITE", "", relayed),
                (OK, "2", "1 INVITE", "t", "answer"),
                (OK, "1", "1 INVITE", "t", "answer"),
            ])
            .len()
        };
        assert_eq!((hops("offer"), hops("relayed offer")), (1, 2));
    }

    /// The capture began after the INVITE: the key in the 200 is kept.
    #[test]
    fn a_response_without_its_request_is_kept() {
        let found = exchanges(&[(OK, "1", "1 INVITE", "t", "answer")]);
        assert_eq!(found.iter().map(summary).collect::<Vec<_>>(), [("answer", "", 0)]);
    }
}
