@database_management
Feature: A transaction over a database limit is ended
  Segment:          Early, Mid, Enterprise and Platform
  Business goal:    Keep one stuck transaction from stopping all other work
  Value impact:     Customers get a clear answer in time instead of a page that never loads
  Strategic impact: Response times can be promised by contract

  @DBP-05 @segment.early @segment.mid @segment.enterprise @segment.platform
  @needs.own_database @needs.own_records @needs.own_services
  Rule: A transaction over a database limit is ended, then retried or refused

    @gate @exclusive
    @needs.hot_reload @needs.configuration @needs.conversations @needs.job_records @needs.operator @needs.accounts
    Scenario Outline: Every service ends a transaction over a database limit
      Given Acme is <a plan> customer
      And the operator has lowered the database limit on <work>
      When requests of Acme and the operator to every service exceed the limit on <work>
      Then the database has ended every such transaction in time, because of that limit
      And every response says that a database limit was exceeded
      And sent again, the requests succeed, and nothing is stored twice

      Examples:
        | a plan        | work       |
        | a Mid         | statements |
        | an Enterprise | lock waits |

    @gate @exclusive
    @needs.hot_reload @needs.configuration @needs.conversations @needs.job_records @needs.operator @needs.accounts
    Scenario: Transactions that were idle too long are run again
      Given Acme is a Mid customer
      And the operator has lowered the database limit on idle transactions
      When requests of Acme and the operator to every service exceed the limit on idle transactions
      Then the database has ended every such transaction in time, because of that limit
      And every response is a success
      And sent again, the requests succeed, and nothing is stored twice

    @gate @exclusive
    @needs.hot_reload @needs.configuration @needs.partner @needs.operator
    Scenario Outline: A run with a transaction over a database limit still ends
      Given Acme is an Early customer
      And the operator has lowered the database limit on <work>
      And Acme has started an agent that waits for the partner
      When storing <a part> of Acme's run exceeds the limit on <work>
      Then the database has ended every such transaction in time, because of that limit
      And the run is stored as <status>

      Examples:
        | a part                    | work              | status    |
        | the answer                | lock waits        | completed |
        | the answer                | idle transactions | completed |
        | the result of a tool call | lock waits        | failed    |

    @gate
    @needs.configuration @needs.operator
    Scenario: A start whose migration waits for a lock fails and says so
      Given a candidate with an empty database and a lowered database limit on lock waits
      When the backend is started with the candidate while something else locks the schema
      Then the database has ended every such transaction in time, because of that limit
      And the start has failed and names that limit
      And nothing of the started service is left running

    @gate @exclusive
    @needs.operator
    Scenario: A database that hangs is reported by every service in time
      Given Acme is a Mid customer
      When the database hangs for some time
      Then every service has reported the database as unavailable in time
      And every service is ready again in time
