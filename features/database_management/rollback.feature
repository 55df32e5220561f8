@database_management
Feature: A change that fails leaves nothing behind
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Keep books, budgets and conversations right without repairs by support
  Value impact:     Whatever a customer tried and did not get is as if it had never been tried
  Strategic impact: Every new feature can combine several writes without new risks for customers' data

  @DBP-14 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.allowances @needs.conversations @needs.messages @needs.message_moves @needs.idempotency_keys
  @needs.own_records @needs.own_database @needs.own_services
  Rule: Rollback restores the database, the cache, the event stream and the outbox

    @gate @exclusive
    Scenario Outline: A change that fails is as if it had never been tried
      Given Acme is a Mid customer with an allowance and two conversations
      When Acme's <change> fails because of <failure>
      Then nothing of Acme has changed in any store
      And Acme can make a permitted change of that kind afterwards

      Examples:
        | change                     | failure                             |
        | booking of an expense      | an aborted query at each step of it |
        | request for a usage report | an aborted query at each step of it |
        | move of messages           | an aborted query at each step of it |
        | new budget                 | an aborted query at each step of it |
        | booking of an expense      | a backend crash at its last step    |
        | request for a usage report | a backend crash at its last step    |
        | booking of an expense      | a rule that it breaks               |
        | move of messages           | a rule that it breaks               |
        | new budget                 | a rule that it breaks               |

    @gate @exclusive
    @needs.colleagues @needs.live_events
    Scenario: A removal that fails changes nothing and sends no event
      Given Acme is a Mid customer with an allowance and two conversations
      And Ben of Acme is a member
      And every user watches events
      When Acme's removal of a colleague fails because of an aborted query at each step of it
      Then nothing of Acme has changed in any store
      And the first event that Ben of Acme receives is from the next run
