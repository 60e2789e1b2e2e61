"""Every text of the pages, in English and in Japanese."""

# ruff: noqa: RUF001  # full-width signs are Japanese

from __future__ import annotations

from typing import Final, Literal, NamedTuple

__all__ = ["LANGUAGES", "TEXTS", "Language", "Text", "Words"]

Language = Literal["en", "ja"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ja")


class Text(NamedTuple):
    """One text in every language."""

    en: str
    ja: str


TEXTS: Final = {
    # On every page.
    "language": Text("English", "日本語"),
    "brand": Text("PaymentOptions Sandbox", "PaymentOptions サンドボックス"),
    "notice": Text(
        "This is a sandbox for tests. No money moves.", "テスト用のサンドボックスです。実際の請求は発生しません。"
    ),
    "languages": Text("Language", "言語"),
    "to_overview": Text("All transactions", "取引一覧"),
    "merchant": Text("Merchant", "ご利用先"),
    "merchant_name": Text("Sandbox Merchant", "サンドボックス加盟店"),
    "amount": Text("Amount", "金額"),
    "card": Text("Card", "カード"),
    "reference": Text("Reference", "注文番号"),
    "none": Text("–", "–"),
    "yen": Text("JPY {amount}", "{amount}円"),
    "other_currency": Text("{currency} {amount}", "{amount} {currency}"),
    "open_amount": Text("Entered by the payer", "お客様が入力"),
    # Where there is no page, or no way.
    "unknown_title": Text("Page not found", "ページが見つかりません"),
    "unknown_page": Text(
        "This address does not belong to any payment of this sandbox. It may have been restarted.",
        "このURLに対応するお支払いは見つかりません。サンドボックスが再起動された可能性があります。",
    ),
    "unknown_reference": Text(
        "Nothing is known of this reference.", "この注文番号に関する記録は見つかりませんでした。"
    ),
    "foreign_title": Text("Not accepted", "受け付けできません"),
    "foreign_page": Text(
        "This was sent from another site. Open the page itself and press the button there.",
        "他のサイトから送信されたため、受け付けませんでした。このページを直接開いて操作してください。",
    ),
    # How a payment ended.
    "ended.paid": Text("Payment completed", "お支払いが完了しました"),
    "ended.declined": Text("Payment declined", "お支払いは承認されませんでした"),
    "ended.cancelled": Text("Payment cancelled", "お支払いはキャンセルされました"),
    "ended.timed_out": Text("Time is over", "有効期限が切れました"),
    "ended.already": Text(
        "This page has been answered. It cannot be used again.",
        "このページでのお手続きは終了しています。もう一度操作することはできません。",
    ),
    "ended.expired": Text(
        "The time for this has run out. Nothing was paid.",
        "お手続きの有効期限が切れました。お支払いは行われていません。",
    ),
    "ended.continue": Text("Back to the merchant", "加盟店のサイトに戻る"),
    "ended.no_way": Text(
        "The merchant gave no web address to return to. You can close this page.",
        "戻り先のURLが指定されていません。このページを閉じてください。",
    ),
    # 3-D Secure.
    "challenge.title": Text("Confirm your payment", "本人認証サービス（3Dセキュア）"),
    "challenge.issuer": Text("Sandbox Bank", "サンドボックス銀行"),
    "challenge.lead": Text(
        "Your card issuer asks you to confirm this payment (3-D Secure). Choose how the cardholder answers.",
        "カード発行会社による本人認証です。お支払い内容をご確認のうえ、カード会員としての応答を選択してください。",
    ),
    "challenge.approve": Text("Approve", "承認する"),
    "challenge.decline": Text("Decline", "拒否する"),
    "challenge.cancel": Text("Cancel", "キャンセル"),
    "challenge.time_out": Text("Let it time out", "応答せずに時間切れにする"),
    "challenge.test_only": Text("For tests", "テスト用の操作"),
    # The hosted page.
    "pay.title": Text("Payment", "お支払い"),
    "pay.total": Text("Amount to pay", "お支払い金額"),
    "pay.card": Text("Card details", "カード情報の入力"),
    "pay.number": Text("Card number", "カード番号"),
    "pay.expiry": Text("Expiry (MM/YY)", "有効期限（月/年）"),
    "pay.cvc": Text("Security code", "セキュリティコード"),
    "pay.cvc_hint": Text("3 or 4 digits on the card", "カードに記載の3桁または4桁の番号"),
    "pay.name": Text("Name on card", "カード名義人"),
    "pay.name_hint": Text("As it is printed on the card", "カードの表記どおりに入力してください"),
    "pay.amount": Text("Amount ({currency})", "お支払い金額（{currency}）"),
    "pay.open_amount": Text("Enter the amount", "金額をご入力ください"),
    "pay.submit": Text("Pay {amount}", "{amount}を支払う"),
    "pay.submit_open": Text("Pay", "支払う"),
    "pay.cancel": Text("Cancel and return", "キャンセルして戻る"),
    "pay.wallet": Text("Pay with {wallet}", "{wallet}でのお支払い"),
    "pay.wallet_lead": Text(
        "This stands for the app of the wallet. Choose how its holder answers.",
        "ウォレットアプリの代わりの画面です。利用者としての応答を選択してください。",
    ),
    "pay.approve": Text("Approve the payment", "支払いを承認する"),
    "pay.decline": Text("Decline the payment", "支払いを拒否する"),
    "pay.mend": Text(
        "Please correct the marked fields. Number and security code have to be entered again.",
        "入力内容をご確認ください。カード番号とセキュリティコードは再度入力してください。",
    ),
    "required.number": Text("Enter the card number.", "カード番号を入力してください。"),
    "required.expiry": Text("Enter the expiry date.", "有効期限を入力してください。"),
    "required.cvc": Text("Enter the security code.", "セキュリティコードを入力してください。"),
    "required.name": Text("Enter the name on the card.", "カード名義人を入力してください。"),
    "required.amount": Text("Enter the amount.", "お支払い金額を入力してください。"),
    "invalid.number": Text("This is not a card number.", "カード番号が正しくありません。"),
    "invalid.expiry": Text("Enter month and year, such as 08/29.", "月/年の形式で入力してください（例：08/29）。"),
    "invalid.cvc": Text("Enter 3 or 4 digits.", "3桁または4桁の数字を入力してください。"),
    "invalid.name": Text("This is too long for a name.", "名義人が長すぎます。"),
    "invalid.amount": Text(
        "Enter a positive amount of at most 10 characters.", "0より大きい金額を10文字以内の数字で入力してください。"
    ),
    "expired.expiry": Text("This card has expired.", "カードの有効期限が切れています。"),
    # For the developer.
    "dev.cards": Text("Test cards and amounts", "テストカードとテスト金額"),
    "dev.access": Text("Address and credentials", "接続先と認証情報"),
    "dev.cards_lead": Text(
        "Any other valid number is approved. Any future expiry and any security code will do.",
        "これ以外の有効なカード番号は承認されます。有効期限は未来の年月、セキュリティコードは任意の数字で構いません。",
    ),
    "dev.amounts_lead": Text(
        "An amount of this form decides, whatever the card is.", "次の形式の金額は、カードに関係なく結果を決定します。"
    ),
    "dev.number": Text("Number", "番号"),
    "dev.scheme": Text("Scheme", "ブランド"),
    "dev.happens": Text("What happens", "結果"),
    "dev.base_url": Text("Base URL", "ベースURL"),
    "dev.api_key": Text("API key", "APIキー"),
    "dev.x_api_key": Text("x-api-key", "x-api-key"),
    "dev.merchant_id": Text("Merchant ID", "加盟店ID"),
    "card.0": Text("Approved", "承認"),
    "card.challenge": Text("3-D Secure challenge", "3Dセキュア認証あり"),
    "card.5": Text("Declined: do not honour", "拒否：取扱不可"),
    "card.51": Text("Declined: insufficient funds", "拒否：残高不足"),
    "card.41": Text("Declined: lost card", "拒否：紛失カード"),
    "card.43": Text("Declined: stolen card", "拒否：盗難カード"),
    "card.54": Text("Declined: expired card", "拒否：有効期限切れ"),
    "card.580": Text("Declined: wrong security code", "拒否：セキュリティコード誤り"),
    "card.91": Text("Declined: issuer inoperative, try again", "拒否：カード会社の障害（再試行可）"),
    "card.-8003": Text("Refused by a risk rule (ERR3003)", "リスクルールによる拒否（ERR3003）"),
    "amount.900CCCC": Text("Response code CCCC: 9000051 gives 51", "応答コードCCCC（例：9000051は51）"),
    "amount.990NNNN": Text("Response code -NNNN: 9908005 gives -8005", "応答コード-NNNN（例：9908005は-8005）"),
    "amount.9000010": Text("Code 10: half of the amount is approved", "コード10：半額のみ承認"),
    # The overview.
    "overview.title": Text("Transactions", "取引一覧"),
    "overview.search": Text("Search", "検索"),
    "overview.search_label": Text("Reference, ID, card or amount", "注文番号・取引ID・カード番号・金額"),
    "overview.all": Text("Show all", "すべて表示"),
    "overview.empty": Text("There is no transaction yet.", "取引はまだありません。"),
    "overview.nothing_found": Text("Nothing was found for “{text}”.", "「{text}」に一致する取引はありません。"),
    "overview.newer": Text("Newer", "新しい取引"),
    "overview.older": Text("Older", "古い取引"),
    "overview.page": Text("Page {page}", "{page}ページ"),
    "overview.pages": Text("Pages", "ページ"),
    "overview.totals": Text("Totals", "合計"),
    "overview.currency": Text("Currency", "通貨"),
    "overview.captured": Text("Captured", "売上"),
    "overview.refunded": Text("Refunded", "返金"),
    "overview.balance": Text("Balance", "残高"),
    "overview.time": Text("Time (UTC)", "日時（UTC）"),
    "overview.kind": Text("Kind", "種別"),
    "overview.state": Text("State", "状態"),
    "overview.id": Text("ID", "取引ID"),
    "kind.purchase": Text("Purchase", "購入"),
    "kind.authorisation": Text("Authorisation", "オーソリ"),
    "kind.capture": Text("Capture", "売上確定"),
    "kind.void": Text("Void", "取消"),
    "kind.refund": Text("Refund", "返金"),
    "kind.cycle": Text("Subscription payment", "定期課金"),
    "state.pending": Text("Waiting for the payer", "お客様の手続き待ち"),
    "state.authorised": Text("Authorised", "オーソリ済み"),
    "state.captured": Text("Captured", "売上確定"),
    "state.voided": Text("Voided", "取消済み"),
    "state.partly_refunded": Text("Partly refunded", "一部返金済み"),
    "state.refunded": Text("Refunded", "返金済み"),
    "state.declined": Text("Declined", "拒否"),
    "state.cancelled": Text("Cancelled", "キャンセル"),
    "state.timed_out": Text("Timed out", "時間切れ"),
    "state.completed": Text("Completed", "完了"),
    # Subscriptions and the clock.
    "subscription.title": Text("Subscriptions", "定期課金"),
    "subscription.cycles": Text("Payments made", "課金回数"),
    "subscription.next": Text("Next payment", "次回課金日"),
    "subscription.status.ACTIVE": Text("Active", "有効"),
    "subscription.status.PAUSED": Text("Paused", "一時停止中"),
    "subscription.status.CANCELLED": Text("Cancelled", "解約済み"),
    "subscription.status.COMPLETED": Text("Completed", "完了"),
    "clock.title": Text("Clock", "時計"),
    "clock.now": Text("Now in the sandbox (UTC)", "サンドボックスの現在日時（UTC）"),
    "clock.lead": Text(
        "Turn the clock on, and every subscription payment that falls due is made.",
        "時計を進めると、期日を迎えた定期課金が実行されます。",
    ),
    "clock.days": Text("Days", "日数"),
    "clock.turn": Text("Turn on", "進める"),
    "clock.invalid": Text("Enter a number of days from 1 to {most}.", "1から{most}までの日数を入力してください。"),
    # One reference.
    "detail.chain": Text("Transactions", "取引の流れ"),
    "detail.requests": Text("Requests", "リクエスト"),
    "detail.no_requests": Text("No request is noted.", "リクエストの記録はありません。"),
    "detail.deliveries": Text("Webhooks", "Webhook配信"),
    "detail.no_deliveries": Text("No webhook was sent.", "Webhookは送信されていません。"),
    "detail.code": Text("Response code", "応答コード"),
    "detail.parent": Text("Belongs to", "元の取引"),
    "detail.attempt": Text("Attempt", "試行"),
    "detail.answer": Text("Answer", "応答"),
    "detail.address": Text("Address", "送信先"),
    "detail.no_answer": Text("No answer", "応答なし"),
    "detail.not_sent": Text("Not sent", "未送信"),
    "detail.open_challenge": Text("Open the 3-D Secure page", "3Dセキュアの画面を開く"),
    "detail.open_page": Text("Open the payment page", "お支払いページを開く"),
}  # fmt: skip


class Words:
    """The texts of one language; a text's places are filled in with what is given.

    Attributes:
        language: Which.
        other: The language to change to.
    """

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self.other: Language = "en" if language == "ja" else "ja"

    def __call__(self, key: str, **values: object) -> str:
        """The text of this key. It is no HTML yet."""
        text: str = getattr(TEXTS[key], self.language)
        return text.format(**values)
