@database_management
Feature: A busy database keeps customers waiting for a moment only
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Get through the busiest minutes of a month end without an outage
  Value impact:     Customers are served in turn, or know within moments when to try again
  Strategic impact: A platform that recovers from peaks by itself is affordable to operate

  @DBP-01 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.own_database @needs.own_services @needs.configuration @needs.pool_metrics
  @needs.allowances @needs.conversations
  Rule: When all connections are busy, customers wait or retry, and service recovers

    @gate @exclusive
    Scenario Outline: Requests without a free connection are refused with Retry-After
      Given the <service> has every connection in use
      When <requests> find no free connection
      Then the database shows exactly as many connections of the service as are configured
      And every response arrives within the target time for refusal of a full pool
      And every response asks the caller to retry
      And the service can use every connection again

      Examples:
        | service      | requests       |
        | API          | forty requests |
        | auth service | ten requests   |

    @gate @exclusive
    @needs.own_records
    Scenario: Waiting requests are served in turn
      Given the API has every connection in use
      When Cumulus, Dorado, Ember and Fathom request a conversation one after another before one connection becomes free
      Then the conversations of Cumulus, Dorado, Ember and Fathom are created in this order
      And every response is a success

    @gate @exclusive
    Scenario Outline: A service recovers as soon as connections are free
      Given the <service> has every connection in use
      And twenty requests arrive
      When <connections become free>
      Then every response is a success
      And every response arrives within the target time for pool recovery
      And the service can use every connection again

      Examples:
        | service      | connections become free             |
        | API          | all transactions end                |
        | API          | the database closes all connections |
        | auth service | the database closes all connections |
