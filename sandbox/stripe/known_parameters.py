"""Top-level parameters of the calls imitated here, for machines without Stripe's OpenAPI data (see request_check)."""

_CALLS = """
GET /v1/account expand
GET /v1/balance_transactions created currency ending_before expand limit payout source starting_after type
GET /v1/balance_transactions/{id} expand
GET /v1/charges created customer ending_before expand limit payment_intent starting_after transfer_group
GET /v1/charges/{charge} expand
GET /v1/checkout/sessions created customer customer_account customer_details ending_before expand limit
    payment_intent payment_link starting_after status subscription
POST /v1/checkout/sessions adaptive_pricing after_expiration allow_promotion_codes automatic_tax
    billing_address_collection branding_settings cancel_url client_reference_id consent_collection currency
    custom_fields custom_text customer customer_account customer_creation customer_email customer_update
    discounts excluded_payment_method_types expand expires_at integration_identifier invoice_creation
    line_items locale managed_payments metadata mode name_collection optional_items origin_context
    payment_intent_data payment_method_collection payment_method_configuration payment_method_data
    payment_method_options payment_method_types permissions phone_number_collection redirect_on_completion
    return_url saved_payment_method_options setup_intent_data shipping_address_collection shipping_options
    submit_type subscription_data success_url tax_id_collection ui_mode wallet_options
GET /v1/checkout/sessions/{session} expand
POST /v1/checkout/sessions/{session}/expire expand
GET /v1/checkout/sessions/{session}/line_items ending_before expand limit starting_after
GET /v1/customers created email ending_before expand limit starting_after test_clock
POST /v1/customers address balance business_name cash_balance description email expand individual_name
    invoice_prefix invoice_settings metadata name next_invoice_sequence payment_method phone
    preferred_locales shipping source tax tax_exempt tax_id_data test_clock
DELETE /v1/customers/{customer}
GET /v1/customers/{customer} expand
POST /v1/customers/{customer} address balance bank_account business_name card cash_balance
    default_alipay_account default_bank_account default_card default_source description email expand
    individual_name invoice_prefix invoice_settings metadata name next_invoice_sequence phone
    preferred_locales shipping source tax tax_exempt
GET /v1/disputes charge created ending_before expand limit payment_intent starting_after
GET /v1/disputes/{dispute} expand
GET /v1/events created delivery_success ending_before expand limit starting_after type types
GET /v1/events/{id} expand
GET /v1/payment_intents created customer customer_account ending_before expand limit starting_after
GET /v1/payment_intents/{intent} client_secret expand
POST /v1/payment_intents allowed_payment_method_types amount amount_details application_fee_amount
    automatic_payment_methods capture_method confirm confirmation_method confirmation_token currency customer
    customer_account description error_on_requires_action excluded_payment_method_types expand hooks mandate
    mandate_data metadata off_session on_behalf_of payment_details payment_method payment_method_configuration
    payment_method_data payment_method_options payment_method_types radar_options receipt_email return_url
    setup_future_usage shipping statement_descriptor statement_descriptor_suffix transfer_data transfer_group
    use_stripe_sdk
POST /v1/payment_intents/{intent}/cancel cancellation_reason expand
POST /v1/payment_intents/{intent}/confirm allowed_payment_method_types amount_details amount_to_confirm
    capture_method client_secret confirmation_token error_on_requires_action excluded_payment_method_types expand
    hooks mandate mandate_data off_session payment_details payment_method payment_method_data
    payment_method_options payment_method_types radar_options receipt_email return_url setup_future_usage shipping
    use_stripe_sdk
GET /v1/payment_methods allow_redisplay customer customer_account ending_before expand limit starting_after type
GET /v1/payment_methods/{payment_method} expand
POST /v1/payment_methods/{payment_method}/attach customer customer_account expand
POST /v1/payment_methods/{payment_method}/detach expand
GET /v1/payouts arrival_date created destination ending_before expand limit starting_after status
GET /v1/payouts/{payout} expand
GET /v1/refunds charge created ending_before expand limit payment_intent starting_after
POST /v1/refunds amount charge currency customer expand instructions_email metadata origin payment_intent
    reason refund_application_fee reverse_transfer
GET /v1/refunds/{refund} expand
POST /v1/refunds/{refund} expand metadata
GET /v1/webhook_endpoints ending_before expand limit starting_after
POST /v1/webhook_endpoints api_version connect description enabled_events expand metadata url
DELETE /v1/webhook_endpoints/{webhook_endpoint}
GET /v1/webhook_endpoints/{webhook_endpoint} expand
POST /v1/webhook_endpoints/{webhook_endpoint} description disabled enabled_events expand metadata url
"""


def known_parameters() -> dict[tuple[str, str], frozenset[str]]:
    """(method, path template) → names."""
    known = {}
    for call in _CALLS.replace("\n    ", " ").strip().splitlines():
        method, template, *names = call.split()
        known[method, template] = frozenset(names)
    return known
