@database_management @gate
Feature: Reading is shared with the replica
  Segment:          Free, Mid and Enterprise
  Business goal:    Serve more readers without a larger primary database
  Value impact:     Customers find what they have just written, whichever server answers
  Strategic impact: Growth in readers costs a replica, not a redesign

  @DBP-09 @segment.free @segment.mid @segment.enterprise
  @needs.accounts @needs.conversations @needs.messages @needs.allowances @needs.replica @needs.own_records
  @needs.own_database
  Rule: Reads come from the replica and never show a customer's past

    Scenario: The replica answers what customers read
      Given Acme is a Free customer
      And Acme has something of every kind
      When Acme reads something of every kind
      Then the replica has answered in time

    @exclusive @needs.own_services @needs.sessions
    Scenario: Customers find what they have just written while the replica lags
      Given Acme is a Mid customer
      And Acme has something of every kind
      And two backends are running
      And the replica lags behind
      When Acme changes something of every kind through either backend and reads it through the other
      Then everything is read as it was written, for as long as the replica lags

    @exclusive @needs.own_services @needs.operator
    Scenario Outline: Customers read on without the replica, and can write soon
      Given Acme is an Enterprise customer
      And Acme has something of every kind
      When the replica <loss> while Acme reads, and the operator goes on without it
      Then Acme could read everything, and could write again in time

      Examples:
        | loss              |
        | crashes           |
        | hangs             |
        | cannot be reached |

    @exclusive @needs.own_services
    Scenario: Operators see that there is no replica
      Given Acme is an Enterprise customer
      And Acme has something of every kind
      When the replica crashes and Acme reads on
      Then every service reports in time that the database is not replicated
      And once the replica is back, every service reports this, and the replica answers Acme
